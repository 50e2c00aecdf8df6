import { describe, expect, it } from "vitest";
import { bodies, commands, header, TestBroker } from "../testing/test-client.ts";

describe("STOMP 1.2, SUBSCRIBE", () => {
  it("delivers what is sent to the destination as MESSAGE with the subscription's id", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    const other = await broker.connect();
    await client.confirm("SUBSCRIBE", { id: "s:1", destination: "/topic/a" });
    await other.confirm("SEND", { destination: "/topic/a" }, "1");
    await other.confirm("SEND", { destination: "/topic/b" }, "2");

    const messages = await client.take();

    expect(bodies(messages)).toEqual(["1"]);
    expect(header(messages, "subscription")).toBe("s:1");
  });

  it("gives every message a message-id of its own", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm("SUBSCRIBE", { id: "1", destination: "/queue/a", ack: "client" });
    const ids = new Set();
    for (let index = 0; index < 10; index++)
      ids.add(header(await client.ask("SEND", { destination: "/queue/a" }), "message-id"));

    expect(ids.size).toBe(10);
  });

  it.each([
    ["an id that is in use", { id: "taken", destination: "/queue/b" }, "Duplicated subscription identifier"],
    ["no id", { destination: "/queue/b" }, "Missing header"],
    ["no destination", { id: "1" }, "Missing destination"],
    ["an ack mode that is none", { id: "1", destination: "/queue/b", ack: "sometimes" }, "Invalid header"],
    ["an exchange that does not exist", { id: "1", destination: "/exchange/does.not.exist" }, "not_found"],
    [
      "an exchange that does not exist, in client mode",
      { id: "1", destination: "/exchange/nope", ack: "client" },
      "not_found",
    ],
    ["a queue that must exist and does not", { id: "1", destination: "/amq/queue/nope" }, "not_found"],
    [
      "a selector that makes no sense",
      { id: "1", destination: "/queue/b", selector: "a = " },
      "Malformed frame",
    ],
    [
      "a prefetch that is no number",
      { id: "1", destination: "/queue/b", "prefetch-count": "x" },
      "Invalid header",
    ],
    [
      "a queue type that is none",
      { id: "1", destination: "/queue/b", "x-queue-type": "heap" },
      "Invalid header",
    ],
    [
      "an offset that is none",
      { id: "1", destination: "/queue/b", "x-stream-offset": "middle" },
      "Invalid header",
    ],
    [
      "a queue argument that is no number",
      { id: "1", destination: "/queue/b", "x-max-length": "ten" },
      "Invalid header",
    ],
  ])("with %s is answered with ERROR, its receipt and a close", async (_, headers, summary) => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm("SUBSCRIBE", { id: "taken", destination: "/queue/a" });

    const answer = await client.ask("SUBSCRIBE", { ...headers, receipt: "r" });

    expect(commands(answer)).toEqual(["ERROR"]);
    expect(header(answer, "message")).toBe(summary);
    expect(header(answer, "receipt-id")).toBe("r");
    expect(client.transport.state).toBe("ended");
  });

  it("sends the RECEIPT before the first MESSAGE", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm("SEND", { destination: "/queue/a" }, "1");

    const answer = await client.ask("SUBSCRIBE", { id: "1", destination: "/queue/a", receipt: "r" });

    expect(commands(answer)).toEqual(["RECEIPT", "MESSAGE"]);
  });

  it("can have several subscriptions to one destination; each gets its own copy of a topic's message", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm("SUBSCRIBE", { id: "1", destination: "/topic/a.*" });
    await client.confirm("SUBSCRIBE", { id: "2", destination: "/topic/a.b" });
    await client.confirm("SUBSCRIBE", { id: "3", destination: "/topic/a.b", ack: "client" });

    const messages = await client.ask("SEND", { destination: "/topic/a.b" });

    expect(new Set(messages.map((frame) => header(frame, "subscription")))).toEqual(new Set(["1", "2", "3"]));
  });

  it("a queue's messages go to one of its consumers, in turn", async () => {
    const broker = await TestBroker.open();
    const [one, two] = [await broker.connect(), await broker.connect("1.1")];
    for (const client of [one, two])
      await client.confirm("SUBSCRIBE", { id: "1", destination: "/queue/work" });
    for (const body of ["1", "2", "3", "4"])
      await one.ask("SEND", { destination: "/queue/work" }, body).then(() => undefined);

    expect(bodies(await two.take())).toEqual(["2", "4"]);
  });

  it("with exclusive:true keeps other consumers away", async () => {
    const broker = await TestBroker.open();
    const [one, two] = [await broker.connect(), await broker.connect()];
    await one.confirm("SUBSCRIBE", { id: "1", destination: "/queue/mine", exclusive: "true" });

    const answer = await two.ask("SUBSCRIBE", { id: "1", destination: "/queue/mine", receipt: "r" });

    expect(commands(answer)).toEqual(["ERROR"]);
    expect(header(answer, "message")).toBe("resource_locked");
  });

  it("with no-local:true leaves out what the client itself sent, live and from a queue", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm("SUBSCRIBE", { id: "1", destination: "/topic/t", "no-local": "true" });
    await client.confirm("SUBSCRIBE", {
      id: "2",
      destination: "/topic/t",
      "no-local": "true",
      ack: "client",
    });
    const other = await broker.connect();
    await client.confirm("SEND", { destination: "/topic/t" }, "own");
    await other.confirm("SEND", { destination: "/topic/t" }, "other");

    expect(bodies(await client.take())).toEqual(["other", "other"]);
  });

  it.each(["/queue/q", "/topic/t", "/temp-queue/x"])(
    "leaves nothing behind when the transport breaks meanwhile: %s",
    async (destination) => {
      for (let turns = 0; turns < 8; turns++) {
        const broker = await TestBroker.open();
        const client = await broker.connect();
        client.send("SUBSCRIBE", { id: "1", destination, ack: "client", "x-max-length": 9, "reply-to": "x" });
        client.send("SEND", { destination: "/topic/t", "reply-to": "/temp-queue/y" });
        for (let turn = 0; turn < turns; turn++) await Promise.resolve();
        client.cut();
        await client.take();

        const queues = [...broker.vhost.topology.queues.values()];
        expect(queues.filter(({ options }) => options.exclusive)).toEqual([]);
        expect(queues.map(({ consumerCount }) => consumerCount).filter((count) => count > 0)).toEqual([]);
        expect(broker.vhost.exchange("amq.topic").outgoing.size).toBe(0);
      }
    },
  );

  it("consumers with a higher x-priority are served first", async () => {
    const broker = await TestBroker.open();
    const [low, high] = [await broker.connect(), await broker.connect()];
    await low.confirm("SUBSCRIBE", { id: "1", destination: "/queue/q" });
    await high.confirm("SUBSCRIBE", { id: "1", destination: "/queue/q", "x-priority": "10" });
    await low.confirm("SEND", { destination: "/queue/q" }, "1");
    await low.confirm("SEND", { destination: "/queue/q" }, "2");

    expect(bodies(await high.take())).toEqual(["1", "2"]);
  });
});

describe("UNSUBSCRIBE", () => {
  it.each(["/queue/u", "/topic/u", "/exchange/amq.fanout", "/exchange/amq.direct/u"])(
    "ends %s (STOMP 1.2, UNSUBSCRIBE)",
    async (destination) => {
      const broker = await TestBroker.open();
      const client = await broker.connect();
      await client.confirm("SUBSCRIBE", { id: "1", destination });
      expect(bodies(await client.ask("SEND", { destination }, "before"))).toEqual(["before"]);
      await client.confirm("UNSUBSCRIBE", { id: "1" });

      expect(await client.ask("SEND", { destination }, "after")).toEqual([]);
    },
  );

  it("frees the id", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm("SUBSCRIBE", { id: "1", destination: "/topic/a" });
    await client.confirm("UNSUBSCRIBE", { id: "1" });
    await client.confirm("SUBSCRIBE", { id: "1", destination: "/topic/b" });

    expect(bodies(await client.ask("SEND", { destination: "/topic/b" }, "x"))).toEqual(["x"]);
  });

  it.each([
    ["that does not exist", { id: "9" }, "Subscription not found"],
    ["without an id", {}, "Missing header"],
  ])("of a subscription %s is an ERROR", async (_, headers, summary) => {
    const broker = await TestBroker.open();
    const client = await broker.connect();

    expect(header(await client.ask("UNSUBSCRIBE", headers), "message")).toBe(summary);
  });

  it("of STOMP 1.0 names the destination, if the subscription had no id", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect("1.0");
    await client.confirm("SUBSCRIBE", { destination: "/topic/a" });
    const [message] = await client.ask("SEND", { destination: "/topic/a" }, "1");
    expect(header(message, "subscription")).toBeUndefined();
    await client.confirm("UNSUBSCRIBE", { destination: "/topic/a" });

    expect(await client.ask("SEND", { destination: "/topic/a" }, "2")).toEqual([]);
  });

  it("of STOMP 1.0 by the id; MESSAGE then has it as subscription (STOMP 1.0, SUBSCRIBE)", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect("1.0");
    await client.confirm("SUBSCRIBE", { destination: "/topic/a", id: "x" });
    const [message] = await client.ask("SEND", { destination: "/topic/a" }, "1");
    expect(header(message, "subscription")).toBe("x");
    await client.confirm("UNSUBSCRIBE", { id: "x" });

    expect(await client.ask("SEND", { destination: "/topic/a" }, "2")).toEqual([]);
  });
});

describe("a selector on SUBSCRIBE (STOMP 1.0, SUBSCRIBE)", () => {
  it("chooses among a topic's messages", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm("SUBSCRIBE", {
      id: "1",
      destination: "/topic/t",
      selector: "colour = 'blue' AND weight > 10",
    });
    await client
      .ask("SEND", { destination: "/topic/t", colour: "red", weight: 11 }, "1")
      .then((frames) => expect(frames).toEqual([]));

    expect(
      bodies(await client.ask("SEND", { destination: "/topic/t", colour: "blue", weight: 11 }, "2")),
    ).toEqual(["2"]);
  });

  it("leaves the other messages of a queue to other consumers", async () => {
    const broker = await TestBroker.open();
    const [blue, any] = [await broker.connect(), await broker.connect()];
    await blue.confirm("SUBSCRIBE", { id: "1", destination: "/queue/q", selector: "colour = 'blue'" });
    await any.confirm("SEND", { destination: "/queue/q", colour: "red" }, "red");
    await any.confirm("SEND", { destination: "/queue/q", colour: "blue" }, "blue");
    expect(bodies(await blue.take())).toEqual(["blue"]);

    expect(bodies(await any.confirm("SUBSCRIBE", { id: "1", destination: "/queue/q" }))).toEqual(["red"]);
  });

  it("does not let a subscription's own queue fill up with what it leaves out", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm("SUBSCRIBE", {
      id: "1",
      destination: "/topic/t",
      selector: "a = '1'",
      ack: "client",
    });
    await client.confirm("SEND", { destination: "/topic/t", a: "2" }, "no");

    expect([...broker.vhost.topology.queues.values()].map((queue) => queue.messageCount)).toEqual([0]);
    expect(bodies(await client.ask("SEND", { destination: "/topic/t", a: "1" }, "yes"))).toEqual(["yes"]);
  });

  it("sees the properties of other protocols under JMS's names and under STOMP's", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    const selector =
      "JMSPriority = 7 AND type = 'order' AND n BETWEEN 1 AND 5 AND \"content-type\" LIKE 'text/%'";
    await client.confirm("SUBSCRIBE", { id: "1", destination: "/topic/t", selector });
    const headers = [["n", { type: "int32", value: 3 }]] as const;
    broker.publish(
      { topic: "t" },
      "x",
      { headers, type: "order", contentType: "text/plain" },
      { priority: 7 },
    );

    expect(bodies(await client.take())).toEqual(["x"]);
  });
});

describe("STOMP 1.0, SUBSCRIBE", () => {
  it("ignores a body where there must be none", async () => {
    for (const version of ["1.0", "1.2"] as const) {
      const broker = await TestBroker.open();
      const client = await broker.connect(version);
      client.write("SUBSCRIBE\nid:1\ndestination:/queue/a\nreceipt:r\n\nsome body\0");

      expect(commands(await client.take())).toEqual(["RECEIPT"]);
    }
  });
});

describe("MESSAGE", () => {
  it("has an ack header in STOMP 1.2 where an acknowledgement is expected, and only there", async () => {
    for (const [version, ack, expected] of [
      ["1.2", "client", true],
      ["1.2", "client-individual", true],
      ["1.2", "auto", false],
      ["1.1", "client", false],
    ] as const) {
      const broker = await TestBroker.open();
      const client = await broker.connect(version);
      await client.confirm("SUBSCRIBE", { id: "1", destination: "/queue/a", ack });

      const message = await client.ask("SEND", { destination: "/queue/a" });

      expect(header(message, "ack") !== undefined).toBe(expected);
    }
  });
});
