import { describe, expect, it } from "vitest";
import { bodies, commands, header, TestBroker } from "../testing/test-client.ts";

describe("destinations, mapping of RabbitMQ's", () => {
  it.each([
    "/queue/test",
    "/queue/with/slashes and spaces%21",
    "/topic/test",
    "/topic/a.b.c",
    "/topic/a/b/c",
    "/topic//leading/slash/",
    "/topic/spBv1%2E0.g.NDATA",
    "/exchange/amq.direct/route",
    "/exchange/amq.topic/route.x",
    "/exchange/amq.fanout",
    "/exchange/amq.fanout/route",
    "queue://FOO.BAR",
    "topic://FOO.BAR",
    "/temp-queue/mine",
  ])("%s: what is sent is received, under the same destination", async (destination) => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm("SUBSCRIBE", { id: "1", destination });

    const messages = await client.ask("SEND", { destination }, "x");

    expect(bodies(messages)).toEqual(["x"]);
    expect(header(messages, "destination")).toBe(destination);
  });

  it.each([
    ["/topic/a.*", "/topic/a.b", "/topic/a.b.c"],
    ["/topic/a.#", "/topic/a.b.c", "/topic/b.a"],
    ["/topic/a.>", "/topic/a.b.c", "/topic/b.a"],
    ["/topic/#", "/topic/a.b", "/topic/$SYS.x"],
    ["/topic/+/b", "/topic/a.b", "/topic/a.b.c"],
    ["/topic/*/b", "/topic/a/b", "/topic/a/c"],
    ["/topic/a/#", "/topic/a", "/topic/b"],
    ["/topic/a.%2A", "/topic/a.%2A", "/topic/a.b"],
    ["/exchange/amq.topic/a.*", "/topic/a.b", "/topic/a"],
  ])("%s selects %s and not %s", async (pattern, hit, miss) => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm("SUBSCRIBE", { id: "1", destination: pattern });
    await client.ask("SEND", { destination: miss }, "miss").then((frames) => expect(frames).toEqual([]));

    expect(bodies(await client.ask("SEND", { destination: hit }, "hit"))).toEqual(["hit"]);
  });

  it.each([
    ["/topic/cities/#", "cities/london", "/topic/cities/london"],
    ["/topic/cities.#", "cities/london", "/topic/cities.london"],
    ["/topic/#", "spBv1.0/g/NDATA", "/topic/spBv1%2E0.g.NDATA"],
    ["/topic//#", "/a//b/", "/topic//a//b/"],
    ["/topic/#", "/a//b/", "/topic/.a..b."],
    ["/topic/a/#", "a", "/topic/a"],
    ["/topic/*.*", "x/*", "/topic/x.%2A"],
    ["/exchange/amq.topic/#", "a.b/c", "/exchange/amq.topic/a/b.c"],
  ])("%s sees the topic %s as %s", async (pattern, topic, destination) => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm("SUBSCRIBE", { id: "1", destination: pattern });
    broker.publish({ topic }, "x");

    const messages = await client.take();

    expect(header(messages, "destination")).toBe(destination);
    // What was written can be sent to.
    const again = await client.ask("SEND", { destination }, "again");
    expect(bodies(again)).toEqual(["again"]);
    expect(header(again, "destination")).toBe(destination);
  });

  it("a queue shows where its messages were sent to, when that is not the queue", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm("SUBSCRIBE", { id: "1", destination: "/queue/q" });
    const queue = broker.vhost.queue("q");
    for (const exchange of ["amq.topic", "amq.fanout"]) {
      broker.vhost.topology.bind(broker.vhost.exchange(exchange), { kind: "queue", queue }, { key: "#" });
    }
    broker.publish({ topic: "a/b" }, "1");
    broker.publish({ exchange: "amq.fanout", key: "k/%" }, "2");

    expect((await client.take()).map((frame) => header(frame, "destination"))).toEqual([
      "/topic/a.b",
      "/exchange/amq.fanout/k/%25",
    ]);
  });

  it("bare names are what the operator chose", async () => {
    for (const bareDestination of ["topic", "queue"] as const) {
      const broker = await TestBroker.open({ bareDestination });
      const client = await broker.connect();
      await client.confirm("SUBSCRIBE", { id: "1", destination: "jobs" });
      const messages = await client.ask("SEND", { destination: "jobs" }, "x");
      expect(header(messages, "destination")).toBe("jobs");
      expect(broker.vhost.topology.queues.has("jobs")).toBe(bareDestination === "queue");
    }
  });

  it("/amq/queue reaches a queue that is there, and makes none", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    const [receipt] = await client.ask("SEND", { destination: "/amq/queue/none", receipt: "1" }, "lost");
    expect(header(receipt, "routed")).toBe("false");
    await client.confirm("SEND", { destination: "/queue/there" }, "1");
    await client.confirm("SEND", { destination: "/amq/queue/there" }, "2");

    const messages = await client.confirm("SUBSCRIBE", { id: "1", destination: "/amq/queue/there" });

    expect(bodies(messages)).toEqual(["1", "2"]);
    expect(header(messages, "destination")).toBe("/amq/queue/there");
  });

  it("%HH that is no UTF-8 is refused, as is a slash inside a level", async () => {
    for (const destination of ["/queue/%FF", "/topic/a%2Fb/c"]) {
      const client = await (await TestBroker.open()).connect();
      expect(header(await client.ask("SEND", { destination }), "message")).toBe("Invalid destination");
    }
  });
});

describe("queues and their arguments", () => {
  const all = {
    "x-message-ttl": 60_000,
    "x-expires": 70_000,
    "x-max-length": 10,
    "x-max-length-bytes": 20_000,
    "x-dead-letter-exchange": "dlx",
    "x-dead-letter-routing-key": "key",
    "x-max-priority": 6,
    "x-overflow": "reject-publish-dlx",
    "x-single-active-consumer": "true",
    "x-delivery-limit": 3,
    "x-queue-type": "quorum",
  };
  const options = {
    kind: "queue",
    durable: true,
    exclusive: false,
    autoDelete: false,
    messageTtlMs: 60_000,
    expiresMs: 70_000,
    maxLength: 10,
    maxBytes: 20_000,
    deadLetter: { exchange: "dlx", key: "key" },
    maxPriority: 6,
    overflow: "reject-publish-dead-letter",
    singleActiveConsumer: true,
    deliveryLimit: 3,
    extra: '{"x-queue-type":"quorum"}',
  };

  it.each(["SUBSCRIBE", "SEND"])("%s makes a queue as its headers ask", async (command) => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm(command, { id: "1", destination: "/queue/q", ...all });

    expect(broker.vhost.queue("q").options).toEqual(options);
  });

  it("are not shown to who receives the message", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm("SEND", { destination: "/queue/q", "x-max-length": 5 }, "x");

    expect(
      header(await client.confirm("SUBSCRIBE", { id: "1", destination: "/queue/q" }), "x-max-length"),
    ).toBeUndefined();
  });

  it("auto-delete and durable:false make a queue that goes with its last consumer", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm("SUBSCRIBE", {
      id: "1",
      destination: "/queue/q",
      "auto-delete": "true",
      durable: "false",
    });
    expect(broker.vhost.queue("q").options).toMatchObject({ durable: false, autoDelete: true });
    await client.confirm("UNSUBSCRIBE", { id: "1" });

    expect(broker.vhost.topology.queues.has("q")).toBe(false);
  });

  it("an existing queue will do, whatever it is, for who asks for nothing", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm("SUBSCRIBE", {
      id: "1",
      destination: "/queue/q",
      ...all,
      "auto-delete": "true",
      durable: "false",
    });

    await client.confirm("SUBSCRIBE", { id: "2", destination: "/queue/q" });
    await client.confirm("SUBSCRIBE", { id: "3", destination: "/queue/q", "x-max-length": 10 });
    await client.confirm("SEND", { destination: "/queue/plain" });
    await client.confirm("SUBSCRIBE", { id: "4", destination: "/queue/plain", "x-queue-type": "classic" });

    expect(await client.confirm("SEND", { destination: "/queue/q" }, "x")).toHaveLength(1);
  });

  it("an existing queue that differs from what is explicitly asked for is refused, naming the header", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm("SUBSCRIBE", { id: "1", destination: "/queue/q", "x-max-length": 10 });

    const answer = await client.ask("SUBSCRIBE", { id: "2", destination: "/queue/q", "x-max-length": 11 });

    expect(header(answer, "message")).toBe("precondition_failed");
    expect(bodies(answer)[0]).toContain("x-max-length");
  });

  it.each([
    ["SUBSCRIBE", { destination: "/queue/amq.mine" }],
    ["SEND", { destination: "/queue/amq.mine" }],
    ["SUBSCRIBE", { destination: "/topic/t", "x-queue-name": "amq.mine" }],
  ])(
    "%s makes no queue with a reserved name %j, but one that is there can be used",
    async (command, headers) => {
      const broker = await TestBroker.open();
      const refused = await broker.connect();
      const answer = await refused.ask(command, { id: "1", ...headers });
      expect(header(answer, "message")).toBe("access_refused");
      broker.vhost.topology.declareQueue(
        "amq.mine",
        { durable: false, exclusive: false, autoDelete: false },
        undefined,
      );

      const client = await broker.connect();

      expect(await client.confirm(command, { id: "1", ...headers })).toEqual([]);
    },
  );

  it("another connection's exclusive queue is locked", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    broker.vhost.topology.declareQueue(
      "hers",
      { durable: false, exclusive: true, autoDelete: false },
      { queueDeleted: () => undefined },
    );

    expect(header(await client.ask("SUBSCRIBE", { id: "1", destination: "/queue/hers" }), "message")).toBe(
      "resource_locked",
    );
  });

  it("a queue that is deleted under its subscription is told by ERROR", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm("SUBSCRIBE", { id: "1", destination: "/queue/q" });
    broker.vhost.removeQueue(broker.vhost.queue("q"));

    const answer = await client.take();

    expect(commands(answer)).toEqual(["ERROR"]);
    expect(bodies(answer)[0]).toContain("queue 'q' was deleted");
  });

  it("x-queue-name names the queue behind a topic, so that others can reach it", async () => {
    for (const destination of ["/topic/test", "/exchange/amq.direct/test"]) {
      const broker = await TestBroker.open();
      const client = await broker.connect();
      await client.confirm("SUBSCRIBE", { id: "1", destination, "x-queue-name": "my-queue" });
      broker.publish({ queue: "my-queue" }, "direct");
      expect(bodies(await client.take())).toEqual(["direct"]);
      expect(bodies(await client.ask("SEND", { destination }, "routed"))).toEqual(["routed"]);
    }
  });
});

describe("expiry and priority", () => {
  it("expiration and expires limit a message's life", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm("SEND", { destination: "/queue/q", expiration: 1_000 }, "rabbit");
    await client.confirm("SEND", { destination: "/queue/q", expires: broker.clock.now() + 1_000 }, "active");
    await client.confirm("SEND", { destination: "/queue/q", expires: 0 }, "never");
    broker.clock.advance(1_001);

    expect(bodies(await client.confirm("SUBSCRIBE", { id: "1", destination: "/queue/q" }))).toEqual([
      "never",
    ]);
  });

  it("priority goes first in a queue that has priorities", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    for (const priority of [1, 9, 5]) {
      await client.confirm(
        "SEND",
        { destination: "/queue/q", "x-max-priority": 9, priority },
        String(priority),
      );
    }

    expect(bodies(await client.confirm("SUBSCRIBE", { id: "1", destination: "/queue/q" }))).toEqual([
      "9",
      "5",
      "1",
    ]);
  });
});
