import { type Engine, MemoryEngine } from "@dragoman/core";
import { describe, expect, it } from "vitest";
import { commands, header, TestBroker } from "../testing/test-client.ts";

/** Stores at once, but says so only when the test lets it. */
class SlowEngine implements Engine {
  readonly #memory = new MemoryEngine();
  readonly capabilities = this.#memory.capabilities;
  readonly metadata = this.#memory.metadata;
  readonly log = this.#memory.log;
  readonly backplane = undefined;
  gathering = 1;
  committed = 1;
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

async function stalled() {
  const engine = new SlowEngine();
  const broker = await TestBroker.open({}, { engine });
  const client = await broker.connect();
  await client.confirm("SUBSCRIBE", { id: "1", destination: "/queue/q", ack: "client" });
  engine.stall();
  return { engine, client };
}

describe("a RECEIPT means that the broker will not lose it", () => {
  it("comes for a persistent SEND when it is on stable storage, and in order", async () => {
    const { engine, client } = await stalled();
    client.send("SEND", { destination: "/queue/q", persistent: "true", receipt: "1" }, "x");
    client.send("SEND", { destination: "/queue/q", receipt: "2" }, "y");
    expect(commands(await client.take())).toEqual(["MESSAGE", "MESSAGE"]);
    engine.commit();

    expect((await client.take()).map((frame) => header(frame, "receipt-id"))).toEqual(["1", "2"]);
  });

  it("comes at once for a SEND that is not stored", async () => {
    const { client } = await stalled();

    expect(commands(await client.ask("SEND", { destination: "/topic/t", receipt: "1" }))).toEqual([
      "RECEIPT",
    ]);
  });

  it("comes for ACK, COMMIT and DISCONNECT when all of it is on stable storage", async () => {
    const { engine, client } = await stalled();
    const [message] = await client.ask("SEND", { destination: "/queue/q", persistent: "true" }, "x");
    client.send("ACK", { id: header(message, "ack") ?? "", receipt: "ack" });
    client.send("BEGIN", { transaction: "t" });
    client.send("SEND", { destination: "/queue/q", persistent: "true", transaction: "t" });
    client.send("COMMIT", { transaction: "t", receipt: "commit" });
    client.send("DISCONNECT", { receipt: "bye" });
    const early = await client.take();
    expect(commands(early)).not.toContain("RECEIPT");
    expect(client.transport.state).toBe("open");
    engine.commit();

    expect((await client.take()).map((frame) => header(frame, "receipt-id"))).toEqual([
      "ack",
      "commit",
      "bye",
    ]);
    expect(client.transport.state).toBe("ended");
  });

  it("waits while the storage fails, and so do publishers, until it succeeds", async () => {
    const { engine, client } = await stalled();
    await client.ask("SEND", { destination: "/queue/q", persistent: "true", receipt: "1" }, "x");
    engine.fail();
    expect(await client.take()).toEqual([]);
    expect(client.transport.isPaused).toBe(true);
    engine.commit();

    expect((await client.take()).map((frame) => header(frame, "receipt-id"))).toEqual(["1"]);
    expect(client.transport.isPaused).toBe(false);
  });
});
