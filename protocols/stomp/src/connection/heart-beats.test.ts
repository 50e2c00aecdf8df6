import { describe, expect, it } from "vitest";
import { bodies, header, TestBroker } from "../testing/test-client.ts";

async function beating(heartBeat: string) {
  const broker = await TestBroker.open();
  const client = broker.dial();
  const [connected] = await client.ask("CONNECT", {
    "accept-version": "1.2",
    host: "/",
    "heart-beat": heartBeat,
  });
  return { broker, client, answer: header(connected, "heart-beat") };
}

describe("STOMP 1.2, Heart-beating", () => {
  it("a missing header means 0,0: none in either direction", async () => {
    const broker = await TestBroker.open();
    const client = broker.dial();
    const [connected] = await client.ask("CONNECT", { "accept-version": "1.2", host: "/" });
    broker.clock.advance(10_000_000);

    expect(header(connected, "heart-beat")).toBe("0,0");
    expect(client.takeHeartBeats()).toBe(0);
    expect(client.transport.state).toBe("open");
  });

  it("promises what the client wants, and wants what it can do", async () => {
    expect((await beating("1000,2000")).answer).toBe("2000,1000");
    expect((await beating("0,2000")).answer).toBe("2000,0");
    expect((await beating("1000,0")).answer).toBe("0,1000");
    expect((await beating("1,1")).answer).toBe("100,100");
  });

  it("sends an EOL at least every n milliseconds when there is nothing else to send", async () => {
    const { broker, client } = await beating("0,1000");
    for (let second = 0; second < 20; second++) {
      broker.clock.advance(1_000);
      expect([1, 2]).toContain(client.takeHeartBeats());
    }
  });

  it("sends none while it sends frames", async () => {
    const { broker, client } = await beating("0,1000");
    await client.confirm("SUBSCRIBE", { id: "1", destination: "/topic/t" });
    for (let turn = 0; turn < 20; turn++) {
      broker.clock.advance(500);
      expect(client.transport.take().length).toBe(0);
      broker.publish({ topic: "t" }, "x");
      await client.take();
    }
  });

  it("cuts off a client that is silent, but not before an error margin has passed", async () => {
    const { broker, client } = await beating("1500,0");
    broker.clock.advance(2_900);
    expect(client.transport.state).toBe("open");
    broker.clock.advance(200);

    const answer = await client.take();

    expect(client.transport.state).toBe("ended");
    expect(header(answer, "message")).toBe("Timeout");
    expect(bodies(answer)[0]).toContain("every 1500 ms");
  });

  it("takes any byte for a sign of life", async () => {
    const { broker, client } = await beating("1000,0");
    for (const bytes of ["\n", "\r\n", "SEND\n", "destination:/queue/a\n", "\n", "x", "\0"]) {
      broker.clock.advance(1_900);
      client.write(bytes);
    }
    expect(client.transport.state).toBe("open");
  });

  it("does not count silence while it does not read itself", async () => {
    const { broker, client } = await beating("1000,0");
    await client.confirm("SEND", { destination: "/queue/a" });
    broker.broker.pressure.raise("memory");
    expect(client.transport.isPaused).toBe(true);
    broker.clock.advance(60_000);
    expect(client.transport.state).toBe("open");
    broker.broker.pressure.ease("memory");
    expect(client.transport.isPaused).toBe(false);
    broker.clock.advance(3_000);

    expect(client.transport.state).toBe("ended");
  });

  it.each(["a,b", "1000", "-1,5", "1,2,3", ""])("refuses %j", async (value) => {
    const broker = await TestBroker.open();
    const client = broker.dial();

    const answer = await client.ask("CONNECT", { "accept-version": "1.2", host: "/", "heart-beat": value });

    expect(header(answer, "message")).toBe("Bad CONNECT");
    expect(bodies(answer)[0]).toContain("heart-beat");
  });

  it("ends with the connection", async () => {
    const { broker, client } = await beating("1000,1000");
    client.cut();
    broker.clock.advance(100_000);

    expect(client.transport.take().length).toBe(0);
  });
});
