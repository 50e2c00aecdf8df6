import { MemoryEngine } from "./memory-engine.ts";
import { describeEngine } from "./testing/engine-suite.ts";

describeEngine({ name: "in memory", create: () => new MemoryEngine(), reopen: (former) => former });
