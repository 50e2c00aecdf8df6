import { SlowEngine } from "@dragoman/core/testing";
import { describe, expect, it } from "vitest";
import { commands, header, TestBroker } from "../testing/test-client.ts";

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
