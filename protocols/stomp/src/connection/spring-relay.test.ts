import { describe, expect, it } from "vitest";
import { bodies, commands, header, TestBroker } from "../testing/test-client.ts";

/** The dialogue of Spring's StompBrokerRelayMessageHandler with the broker, as its documentation describes it. */
describe("Spring's broker relay", () => {
  it("logs its system connection in, and beats every ten seconds both ways", async () => {
    const broker = await TestBroker.open();
    const system = broker.dial();
    system.write(
      "CONNECT\naccept-version:1.1,1.2\nlogin:guest\npasscode:guest\nheart-beat:10000,10000\nhost:localhost\ncontent-length:0\n\n\0",
    );
    const [connected] = await system.take();

    expect(connected?.command).toBe("CONNECTED");
    expect(header(connected, "version")).toBe("1.2");
    expect(header(connected, "heart-beat")).toBe("10000,10000");
    for (let beat = 0; beat < 6; beat++) {
      broker.clock.advance(10_000);
      expect(system.takeHeartBeats()).toBeGreaterThan(0);
      system.write("\n");
    }
    expect(system.transport.state).toBe("open");
  });

  it("subscribes for its users to broadcasts and to queues that go with the session", async () => {
    const broker = await TestBroker.open();
    const system = await broker.connect("1.2", { host: "localhost" });
    const user = await broker.connect("1.2", { host: "localhost", "heart-beat": "10000,10000" });
    user.write("SUBSCRIBE\nid:sub-0\ndestination:/topic/price.stock.*\n\n\0");
    user.write(
      "SUBSCRIBE\nid:sub-1\ndestination:/queue/position-updates-userabc123\nauto-delete:true\ndurable:false\nexclusive:false\n\n\0",
    );
    expect(await user.take()).toEqual([]);

    // The application answers through the system connection, with what the relay adds.
    const own = { "content-type": "application/json", simpOrigDestination: "/user/queue/position-updates" };
    expect(
      await system.ask("SEND", { destination: "/queue/position-updates-userabc123", ...own }, '{"price":1}'),
    ).toEqual([]);
    await system.ask("SEND", { destination: "/topic/price.stock.ACME", ...own }, '{"price":2}');
    const messages = await user.take();

    expect(messages.map((frame) => [header(frame, "subscription"), frame.body.toString()])).toEqual([
      ["sub-1", '{"price":1}'],
      ["sub-0", '{"price":2}'],
    ]);
    expect(header(messages, "content-type")).toBe("application/json");
    expect(header(messages, "content-length")).toBe("11");
    user.write("DISCONNECT\nreceipt:bye\n\n\0");
    expect(commands(await user.take())).toEqual(["RECEIPT"]);
    expect(broker.vhost.topology.queues.has("position-updates-userabc123")).toBe(false);
  });

  it("sends to a user's queue that nobody has yet without fixing what it will be", async () => {
    const broker = await TestBroker.open();
    const system = await broker.connect();
    await system.confirm("SEND", { destination: "/queue/errors-user1" }, "1");
    const user = await broker.connect();

    expect(
      bodies(await user.confirm("SUBSCRIBE", { id: "sub-0", destination: "/queue/errors-user1" })),
    ).toEqual(["1"]);
  });

  it("learns from ERROR's text what is wrong", async () => {
    const broker = await TestBroker.open();
    const user = await broker.connect();

    const [error] = await user.ask("SUBSCRIBE", { id: "sub-0", destination: "/exchange/prices/acme" });

    expect(error?.command).toBe("ERROR");
    expect(header(error, "message")).toBe("not_found");
    expect(error?.body.toString()).toContain("no exchange 'prices'");
  });
});
