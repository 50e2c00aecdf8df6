export { openTestBroker } from "./broker.ts";
export { FakeClock } from "./fake-clock.ts";
export { MemoryTransport } from "./memory-transport.ts";
