import { describe, expect, it } from "vitest";
import { bodies, header, TestBroker } from "../testing/test-client.ts";

const stream = { destination: "/queue/log", "x-queue-type": "stream", "x-max-age": "10h" };

async function threeLogged() {
  const broker = await TestBroker.open();
  const client = await broker.connect();
  for (const body of ["0", "1", "2"]) {
    await client.confirm("SEND", { ...stream, persistent: "true" }, body);
    broker.clock.advance(10_000);
  }
  return { broker, client };
}

describe("streams", () => {
  it.each([
    ["first", ["0", "1", "2"]],
    ["last", ["2"]],
    ["next", []],
    ["offset=1", ["1", "2"]],
    ["2", ["2"]],
  ])("are read from x-stream-offset:%s, by as many as want", async (offset, expected) => {
    const { client } = await threeLogged();
    const subscribe = { ...stream, "x-stream-offset": offset, ack: "client", "prefetch-count": 10 };

    const received = await client.confirm("SUBSCRIBE", { id: "1", ...subscribe });
    const again = await client.confirm("SUBSCRIBE", { id: "2", ...subscribe });

    expect(bodies(received)).toEqual(expected);
    expect(bodies(again)).toEqual(expected);
    expect(received.map((frame) => header(frame, "x-stream-offset"))).toEqual(expected);
  });

  it("are read from a time on", async () => {
    const { broker, client } = await threeLogged();
    const seconds = Math.floor(broker.clock.now() / 1_000) - 15;

    const received = await client.confirm("SUBSCRIBE", {
      id: "1",
      ...stream,
      "x-stream-offset": `timestamp=${seconds}`,
    });

    expect(bodies(received)).toEqual(["2"]);
  });

  it("go on as their messages are acknowledged, which stay", async () => {
    const { broker, client } = await threeLogged();
    const subscribe = {
      ...stream,
      "x-stream-offset": "first",
      ack: "client-individual",
      "prefetch-count": 2,
    };
    const received = await client.confirm("SUBSCRIBE", { id: "1", ...subscribe });
    expect(bodies(received)).toEqual(["0", "1"]);

    const more = await client.confirm("ACK", { id: header(received[0], "ack") ?? "" });

    expect(bodies(more)).toEqual(["2"]);
    expect(broker.vhost.queue("log").messageCount).toBe(3);
  });

  it("are made as their headers ask, and nothing else goes by that name", async () => {
    const { broker, client } = await threeLogged();
    expect(broker.vhost.queue("log").options).toMatchObject({
      kind: "stream",
      durable: true,
      maxAgeMs: 36_000_000,
    });

    const answer = await client.ask("SUBSCRIBE", {
      id: "1",
      destination: "/queue/log",
      "x-queue-type": "classic",
    });

    expect(header(answer, "message")).toBe("precondition_failed");
  });
});
