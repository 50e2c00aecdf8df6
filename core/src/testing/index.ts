export { openTestBroker } from "./broker.ts";
export { connectTestClient, makeTestMessage, PLAIN_CONSUMER, PLAIN_QUEUE } from "./client.ts";
export { FakeClock } from "./fake-clock.ts";
export { makeTestEntry } from "./log-entry.ts";
export { MemoryTransport } from "./memory-transport.ts";
export { SlowEngine } from "./slow-engine.ts";
