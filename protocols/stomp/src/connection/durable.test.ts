import { describe, expect, it } from "vitest";
import { bodies, header, type HeaderRecord, TestBroker } from "../testing/test-client.ts";

const rabbit = { id: "sub:1", destination: "/topic/news.#", durable: "true", "auto-delete": "False" };
const former = { id: "sub:1", destination: "/topic/news.#", persistent: "true" };
const active = { id: "1", destination: "/topic/news.>", "activemq.subscriptionName": "news" };
const artemis = { id: "1", destination: "/topic/news.>", "durable-subscription-name": "news" };

describe("durable topic subscriptions", () => {
  it.each<[string, HeaderRecord, HeaderRecord, HeaderRecord, string]>([
    ["RabbitMQ's dialect", {}, rabbit, { id: "sub:1", durable: "true" }, "stomp.guest.sub:1"],
    ["RabbitMQ's former dialect", {}, former, { id: "sub:1", persistent: "true" }, "stomp.guest.sub:1"],
    [
      "ActiveMQ's dialect",
      { "client-id": "me" },
      active,
      { id: "1", "activemq.subscriptionName": "news" },
      "stomp.me.news",
    ],
    [
      "ActiveMQ's former dialect",
      { "client-id": "me" },
      { id: "1", destination: "/topic/news.>", "activemq.subcriptionName": "news" },
      { id: "1", "activemq.subcriptionName": "news" },
      "stomp.me.news",
    ],
    [
      "Artemis' dialect",
      { "client-id": "me" },
      artemis,
      { id: "1", "durable-subscription-name": "news" },
      "stomp.me.news",
    ],
  ])(
    "keep messages while their subscriber is away, until they are deleted: %s",
    async (_, connect, subscribe, forget, queueName) => {
      const broker = await TestBroker.open();
      const first = await broker.connect("1.2", connect);
      await first.confirm("SUBSCRIBE", subscribe);
      expect(broker.vhost.queue(queueName).options.durable).toBe(true);
      await first.confirm("UNSUBSCRIBE", { id: subscribe["id"] ?? "" });
      await first.ask("DISCONNECT");
      broker.publish({ topic: "news/world" }, "1");
      const second = await broker.connect("1.1", connect);
      expect(bodies(await second.confirm("SUBSCRIBE", subscribe))).toEqual(["1"]);
      second.cut();
      broker.publish({ topic: "news/local" }, "2");

      const third = await broker.connect("1.2", connect);
      await third.confirm("UNSUBSCRIBE", forget);

      expect(broker.vhost.topology.queues.has(queueName)).toBe(false);
      expect(bodies(await third.confirm("SUBSCRIBE", subscribe))).toEqual([]);
    },
  );

  it("can be acknowledged", async () => {
    const broker = await TestBroker.open();
    const first = await broker.connect();
    await first.confirm("SUBSCRIBE", { ...rabbit, ack: "client-individual" });
    broker.publish({ topic: "news/a" }, "1", {}, { durable: true });
    broker.publish({ topic: "news/b" }, "2", {}, { durable: true });
    const [one] = await first.take();
    await first.confirm("ACK", { id: header(one, "ack") ?? "" });
    first.cut();
    const second = await broker.connect();

    const again = await second.confirm("SUBSCRIBE", { ...rabbit, ack: "client" });

    expect(bodies(again)).toEqual(["2"]);
    expect(header(again, "redelivered")).toBe("true");
  });

  it("are another user's own under the same id", async () => {
    const broker = await TestBroker.open();
    for (const login of ["alice", "bob"]) {
      const client = await broker.connect("1.2", { login });
      await client.confirm("SUBSCRIBE", rabbit);
      client.cut();
    }
    broker.publish({ topic: "news/a" }, "x");

    expect(broker.vhost.queue("stomp.alice.sub:1").messageCount).toBe(1);
    expect(broker.vhost.queue("stomp.bob.sub:1").messageCount).toBe(1);
  });

  it("are shared by connections of one user: each message goes to one of them", async () => {
    const broker = await TestBroker.open();
    const clients = [await broker.connect(), await broker.connect()];
    for (const client of clients) await client.confirm("SUBSCRIBE", rabbit);
    for (let index = 0; index < 10; index++) broker.publish({ topic: "news/a" }, String(index));

    const received = (await Promise.all(clients.map((client) => client.take()))).map(
      (frames) => frames.length,
    );

    expect(received).toEqual([5, 5]);
  });

  it("follow the topic that they are renewed with", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm("SUBSCRIBE", rabbit);
    await client.confirm("UNSUBSCRIBE", { id: "sub:1" });
    await client.confirm("SUBSCRIBE", { ...rabbit, destination: "/topic/sport.#" });
    broker.publish({ topic: "news/a" }, "old");
    broker.publish({ topic: "sport/a" }, "new");

    expect(bodies(await client.take())).toEqual(["new"]);
  });

  it("need an id", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect("1.0");

    const answer = await client.ask("SUBSCRIBE", { destination: "/topic/t", durable: "true" });

    expect(header(answer, "message")).toBe("Missing Header");
  });

  it("respect x-queue-name", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm("SUBSCRIBE", { ...rabbit, "x-queue-name": "shared-name" });
    await client.confirm("UNSUBSCRIBE", { id: "sub:1" });
    broker.publish({ topic: "news/a" }, "x");

    expect(broker.vhost.queue("shared-name").messageCount).toBe(1);
    expect(broker.vhost.queue("shared-name").options).toMatchObject({ durable: true, autoDelete: false });
  });

  it("with a selector keep nothing that it leaves out", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm("SUBSCRIBE", { ...rabbit, selector: "level = 'high'" });
    await client.confirm("SEND", { destination: "/topic/news.a", level: "low" }, "1");

    const selected = await client.ask("SEND", { destination: "/topic/news.a", level: "high" }, "2");

    expect(bodies(selected)).toEqual(["2"]);
    expect(broker.vhost.queue("stomp.guest.sub:1").messageCount).toBe(0);
  });
});

describe("retained messages", () => {
  it("are what a new subscription gets first, after its RECEIPT, marked", async () => {
    const broker = await TestBroker.open();
    broker.publish({ topic: "a/1" }, "one", {}, { retain: true });
    broker.clock.advance(1);
    broker.publish({ topic: "a/2" }, "two", {}, { retain: true });
    for (const ack of ["auto", "client"]) {
      const client = await broker.connect();
      const answer = await client.ask("SUBSCRIBE", { id: "1", destination: "/topic/a/#", ack, receipt: "r" });
      expect(answer.map(({ command }) => command)).toEqual(["RECEIPT", "MESSAGE", "MESSAGE"]);
      expect(bodies(answer.slice(1))).toEqual(["one", "two"]);
      expect(header(answer[1], "retained")).toBe("true");
      expect(header(answer[1], "destination")).toBe("/topic/a/1");
      expect(header(await client.ask("SEND", { destination: "/topic/a/3" }), "retained")).toBeUndefined();
    }
  });

  it.each(["auto", "client"])(
    "come in portions where there are many, before what is published later, with ack:%s",
    async (ack) => {
      const broker = await TestBroker.open();
      const topics = Array.from({ length: 2_500 }, (_, index) => `a/${index}`);
      for (const topic of topics) broker.publish({ topic }, "retained", {}, { retain: true });
      const client = await broker.connect();
      const first = await client.ask("SUBSCRIBE", { id: "1", destination: "/topic/a/#", ack });
      expect(first.length).toBeLessThan(topics.length);
      for (const topic of topics.slice(-10)) broker.publish({ topic }, "new", {}, { retain: true });
      const all = bodies(first);
      for (let turn = 0; turn < 100; turn++) {
        broker.clock.advance(1);
        all.push(...bodies(await client.ask("SEND", { destination: "/topic/elsewhere" })));
      }

      const late = Array.from({ length: 10 }, () => "new");
      expect(all).toEqual([...topics.slice(10).map(() => "retained"), ...late]);
      broker.publish({ topic: "a/0" }, "live");
      expect(bodies(await client.ask("SEND", { destination: "/topic/elsewhere" }))).toEqual(["live"]);
    },
  );

  it("end with their subscription", async () => {
    const broker = await TestBroker.open();
    for (let index = 0; index < 2_500; index++) {
      broker.publish({ topic: `a/${index}` }, "retained", {}, { retain: true });
    }
    const client = await broker.connect();
    await client.ask("SUBSCRIBE", { id: "1", destination: "/topic/a/#" });
    await client.ask("UNSUBSCRIBE", { id: "1" });
    broker.clock.advance(1);

    expect(await client.ask("SEND", { destination: "/topic/elsewhere" })).toEqual([]);
  });

  it("can be acknowledged and come back when they are not", async () => {
    const broker = await TestBroker.open();
    broker.publish({ topic: "a" }, "kept", {}, { retain: true });
    const client = await broker.connect();
    const [message] = await client.confirm("SUBSCRIBE", { id: "1", destination: "/topic/a", ack: "client" });

    const [again] = await client.confirm("NACK", { id: header(message, "ack") ?? "" });

    expect(again?.body.toString()).toBe("kept");
    await client.confirm("ACK", { id: header(again, "ack") ?? "" });
  });

  it("are set by retain:true, for every protocol, and taken away by an empty body", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm("SEND", { destination: "/topic/a/b", retain: "true", foo: "bar" }, "state");
    const [retained] = await client.confirm("SUBSCRIBE", { id: "1", destination: "/topic/a.*" });
    expect(retained?.body.toString()).toBe("state");
    expect(header(retained, "foo")).toBe("bar");
    expect(header(retained, "retain")).toBe("true");
    await client.confirm("SEND", { destination: "/topic/a/b", retain: "true" });

    expect(await client.confirm("SUBSCRIBE", { id: "2", destination: "/topic/a.*" })).toEqual([]);
  });

  it("are refused with retained:false, and come once to a durable subscription", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    broker.publish({ topic: "news/x" }, "old", {}, { retain: true });
    expect(
      await client.confirm("SUBSCRIBE", { id: "1", destination: "/topic/news/x", retained: "false" }),
    ).toEqual([]);
    expect(bodies(await client.confirm("SUBSCRIBE", rabbit))).toEqual(["old"]);
    await client.confirm("UNSUBSCRIBE", { id: "sub:1" });

    expect(await client.confirm("SUBSCRIBE", rabbit)).toEqual([]);
  });
});
