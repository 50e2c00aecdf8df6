import type { Backplane, Engine, EngineCapabilities, MessageLog, MetadataStore } from "../engine.ts";
import { MemoryEngine } from "../memory-engine.ts";

/** An engine in memory that, once it is stalled, says that it has stored something only when the test lets it. */
export class SlowEngine implements Engine {
  readonly #memory = new MemoryEngine();
  readonly capabilities: EngineCapabilities = this.#memory.capabilities;
  readonly metadata: MetadataStore = this.#memory.metadata;
  readonly log: MessageLog = this.#memory.log;
  readonly backplane: Backplane | undefined = undefined;
  gathering = 1;
  committed = 1;
  unusedBytes = 0;
  readonly #onCommit: ((batch: number) => void)[] = [];
  readonly #onFailure: ((cause: unknown) => void)[] = [];

  onCommit(listener: (batch: number) => void): void {
    this.#onCommit.push(listener);
  }

  onFailure(listener: (cause: unknown) => void): void {
    this.#onFailure.push(listener);
  }

  open(): Promise<void> {
    return this.#memory.open();
  }

  close(): Promise<void> {
    return this.#memory.close();
  }

  /** From now on what is written waits. */
  stall(): void {
    this.gathering = this.committed + 1;
  }

  commit(): void {
    this.committed = this.gathering++;
    for (const listener of this.#onCommit) listener(this.committed);
  }

  fail(): void {
    for (const listener of this.#onFailure) listener(new Error("disk"));
  }
}
