import { once } from "node:events";
import { connect as connectSocket } from "node:net";
import { connect as connectAmqp } from "amqplib";
import { connect, connectAsync, type MqttClient } from "mqtt";
import { afterEach, describe, expect, it } from "vitest";
import { type BrokerOptions, createBroker, type MqttSettings, type RunningBroker } from "./index.ts";
import { RawMqtt } from "./testing/raw-mqtt.ts";
import { RawStomp } from "./testing/raw-stomp.ts";

let broker: RunningBroker;
const endings: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0)) await end();
  await broker.close();
});

async function start(options: BrokerOptions): Promise<void> {
  broker = await createBroker({ shutdownTimeoutMs: 500, ...options });
}

async function rawMqtt(clientId: string, properties = {}, url = broker.url("mqtt")): Promise<RawMqtt> {
  const client = await RawMqtt.connect(url, clientId, properties);
  endings.push(() => client.destroy());
  return client;
}

async function rawStomp(): Promise<RawStomp> {
  const client = await RawStomp.connect(broker.url("stomp"));
  endings.push(() => client.destroy());
  return client;
}

async function mqtt(options: Parameters<typeof connectAsync>[1] = {}): Promise<MqttClient> {
  const client = await connectAsync(broker.url("mqtt"), {
    protocolVersion: 5,
    reconnectPeriod: 0,
    ...options,
  });
  endings.push(() => client.endAsync(true));
  return client;
}

async function amqp(vhost = ""): Promise<Awaited<ReturnType<typeof connectAmqp>>> {
  const connection = await connectAmqp(`${broker.url("amqp")}/${vhost}`);
  endings.push(() => connection.close());
  return connection;
}

/** Undefined when the client may come in with the identifier "c" and a session that is kept, else what it is told. */
async function logInAs(username: string): Promise<string | undefined> {
  const properties = { sessionExpiryInterval: 60 };
  const client = connect(broker.url("mqtt"), {
    clientId: "c",
    username,
    password: username,
    clean: false,
    properties,
    protocolVersion: 5,
    reconnectPeriod: 0,
  });
  endings.push(() => client.endAsync(true));
  return new Promise((resolve) => {
    client.once("connect", () => resolve(undefined));
    client.once("error", ({ message }) => resolve(message));
  });
}

/** What the broker says of itself when a client connects that wants much. */
async function connackOf(url: string): Promise<unknown> {
  const properties = { sessionExpiryInterval: 3600, requestResponseInformation: true };
  const client = connect(url, { protocolVersion: 5, keepalive: 60, reconnectPeriod: 0, properties });
  endings.push(() => client.endAsync(true));
  const connack = await new Promise<unknown>((resolve) => client.once("connect", resolve));
  return typeof connack === "object" && connack !== null && "properties" in connack ? connack.properties : {};
}

/** Topics of what had waited for a kept session, in order. */
async function kept(qos: 0 | 1, publish: () => Promise<unknown>): Promise<readonly string[]> {
  const expiry = { sessionExpiryInterval: 100 };
  const before = await rawMqtt("keeper", expiry);
  await before.subscribe("#", qos);
  await before.disconnect();
  await publish();
  const after = await rawMqtt("keeper", expiry);
  await after.ping();
  return after.waiting;
}

describe("the section mqtt", () => {
  const announced: readonly [Partial<MqttSettings>, object][] = [
    [{ maximumQos: 1 }, { maximumQoS: 1 }],
    [{ retainAvailable: false }, { retainAvailable: false }],
    [{ wildcardSubscriptionAvailable: false }, { wildcardSubscriptionAvailable: false }],
    [{ subscriptionIdentifierAvailable: false }, { subscriptionIdentifiersAvailable: false }],
    [{ sharedSubscriptionAvailable: false }, { sharedSubscriptionAvailable: false }],
    [{ receiveMaximum: 7 }, { receiveMaximum: 7 }],
    [{ topicAliasMaximum: 8 }, { topicAliasMaximum: 8 }],
    [{ maxPacketBytes: 9000 }, { maximumPacketSize: 9000 }],
    [{ maxKeepAliveSeconds: 30 }, { serverKeepAlive: 30 }],
    [{ maxSessionExpirySeconds: 60 }, { sessionExpiryInterval: 60 }],
    [{ responseInformation: "answers/" }, { responseInformation: "answers/" }],
  ];

  it.each(announced)("with %j: the CONNACK says %j", async (section, properties) => {
    await start({ mqtt: section });

    expect(await connackOf(broker.url("mqtt"))).toMatchObject(properties);
  });

  it("virtualHost: MQTT's clients are in the one that is named", async () => {
    await start({ mqtt: { virtualHost: "staging" } });
    const channel = await (await amqp("staging")).createChannel();
    const { queue } = await channel.assertQueue("", { exclusive: true });
    await channel.bindQueue(queue, "amq.topic", "a.b");

    await (await mqtt()).publishAsync("a/b", "x", { qos: 1 });

    expect(await channel.get(queue)).toMatchObject({ fields: { routingKey: "a.b" } });
  });

  it("maxInflight: no more deliveries than that are open at a time", async () => {
    await start({ mqtt: { maxInflight: 2 } });
    const client = await rawMqtt("c");
    await client.subscribe("a/+", 1);

    for (const topic of ["a/1", "a/2", "a/3"]) await broker.publish({ topic, body: "", durable: true });
    await client.ping();

    expect(client.waiting).toStrictEqual(["a/1", "a/2"]);
    const { packetId } = await client.next("publish");
    client.send({ type: "puback", packetId, reason: 0, properties: {} });
    await client.next("publish");
    expect(await client.next("publish")).toMatchObject({ topic: "a/3" });
  });

  it.each([0, 1])("maxOutgoingAliases %d: so many topics are shortened", async (maxOutgoingAliases) => {
    await start({ mqtt: { maxOutgoingAliases } });
    const client = await rawMqtt("c", { topicAliasMaximum: 10 });
    await client.subscribe("#", 0);

    const topic = "a/topic/that/is/long";
    for (let count = 0; count < 4; count++) await broker.publish({ topic, body: "x" });
    await client.ping();

    expect(client.waiting.includes("")).toBe(maxOutgoingAliases > 0);
  });

  it.each([
    [1, ["$SYS/broker/version"]],
    [0, []],
  ])("sysIntervalSeconds %d: $SYS tells %j", async (sysIntervalSeconds, wanted) => {
    await start({ mqtt: { sysIntervalSeconds } });
    const client = await rawMqtt("c");
    await client.subscribe("$SYS/broker/version", 0);
    await client.ping();

    expect(client.waiting).toStrictEqual(wanted);
  });

  it.each([
    [true, "Not authorized"],
    [false, undefined],
  ])(
    "protectsSessions %j: another user's client with the same identifier is told %j",
    async (protects, wanted) => {
      const users = ["ann", "bob"].map((name) => ({ name, password: name }));
      await start({ users, mqtt: { protectsSessions: protects } });
      expect(await logInAs("ann")).toBeUndefined();

      const answer = await logInAs("bob");

      if (wanted === undefined) expect(answer).toBeUndefined();
      else expect(answer).toContain(wanted);
    },
  );

  it.each([false, true])("sysToAmqp %j: AMQP's # selects $SYS or not", async (sysToAmqp) => {
    await start({ mqtt: { sysToAmqp, sysIntervalSeconds: 1 } });
    const channel = await (await amqp()).createChannel();
    const { queue } = await channel.assertQueue("");
    await channel.bindQueue(queue, "amq.topic", "#");
    const client = await rawMqtt("c");
    await client.subscribe("$SYS/broker/version", 0);
    await client.ping();

    expect((await channel.checkQueue(queue)).messageCount > 0).toBe(sysToAmqp);
  });

  it("maxQueuedMessages: so many wait for a session, the oldest makes room", async () => {
    await start({ mqtt: { maxQueuedMessages: 2 } });

    const waited = await kept(1, async () => {
      const publisher = await mqtt();
      for (const topic of ["1", "2", "3"]) await publisher.publishAsync(topic, "x", { qos: 1 });
    });

    expect(waited).toStrictEqual(["2", "3"]);
  });

  it("maxQueuedBytes: so many bytes wait for a session, the oldest makes room", async () => {
    await start({ mqtt: { maxQueuedBytes: 2500 } });

    const waited = await kept(1, async () => {
      const publisher = await mqtt();
      for (const topic of ["1", "2", "3"])
        await publisher.publishAsync(topic, Buffer.alloc(1000), { qos: 1 });
    });

    expect(waited).toStrictEqual(["2", "3"]);
  });

  it.each([
    [true, ["1"]],
    [false, []],
  ])("keepsQos0 %j: %j waits for a client that is away", async (keepsQos0, wanted) => {
    await start({ mqtt: { keepsQos0 } });

    const waited = await kept(1, async () => {
      const publisher = await mqtt();
      await publisher.publishAsync("1", "x", { qos: 0 });
      await publisher.publishAsync("$marker", "x", { qos: 1 });
    });

    expect(waited).toStrictEqual(wanted);
  });

  it("maxBufferedBytes: what a slow client gets late, or not at all", async () => {
    const count = 32;
    const body = Buffer.alloc(2 ** 20);
    const arrivals: number[] = [];
    for (const maxBufferedBytes of [1, count * 2 ** 21]) {
      await start({ mqtt: { maxBufferedBytes } });
      const client = await rawMqtt("slow");
      await client.subscribe("#", 0);
      client.pause();
      for (let sent = 0; sent < count; sent++) await broker.publish({ topic: "t", body });
      client.resume();
      await client.ping();
      arrivals.push(client.waiting.length);
      client.destroy();
      await broker.close();
    }
    expect(arrivals[0]).toBeLessThan(count);
    expect(arrivals[1]).toBe(count);
  });

  it.each([true, false])("closesUnauthorized %j: a client of 3.1.1 that may not publish", async (closes) => {
    const permissions = [{ virtualHost: "/", publish: { topics: ["ok"] } }];
    const users = [{ name: "ann", password: "secret", permissions }];
    await start({ mqtt: { closesUnauthorized: closes }, users });
    const login = { protocolVersion: 4, username: "ann", password: "secret" } as const;
    const client = await mqtt(login);
    const closed = new Promise<"closed">((resolve) => client.once("close", () => resolve("closed")));

    const told = client.publishAsync("secret", "x", { qos: 1 }).then(
      () => "confirmed",
      () => "closed",
    );

    expect(await Promise.race([closed, told])).toBe(closes ? "closed" : "confirmed");
  });

  it.each([true, false])("rejectsOnNegativeAck %j: a PUBACK of 0x80 on a queue", async (rejects) => {
    await start({ mqtt: { rejectsOnNegativeAck: rejects } });
    const channel = await (await amqp()).createChannel();
    await channel.assertQueue("dead");
    await channel.assertQueue("jobs", { deadLetterExchange: "", deadLetterRoutingKey: "dead" });
    const client = await rawMqtt("c");
    await client.subscribe("$queue/jobs", 1);
    channel.sendToQueue("jobs", Buffer.from("x"));
    const { packetId } = await client.next("publish");

    client.send({ type: "puback", packetId, reason: 0x80, properties: {} });
    await client.ping();

    expect(await channel.checkQueue("dead")).toMatchObject({ messageCount: rejects ? 1 : 0 });
    expect(await channel.checkQueue("jobs")).toMatchObject({ messageCount: 0 });
  });

  it.each(["all", "none"] as const)("amqpProperties %s", async (amqpProperties) => {
    await start({ mqtt: { amqpProperties } });
    const client = await mqtt();
    const arrived = userPropertiesOf(client);
    await client.subscribeAsync("a/b");
    const channel = await (await amqp()).createChannel();

    channel.publish("amq.topic", "a.b", Buffer.from("x"), { type: "t", headers: { colour: "blue" } });

    const shown = await arrived;
    expect(shown).toMatchObject({ colour: "blue" });
    expect(shown["type"]).toBe(amqpProperties === "all" ? "t" : undefined);
  });

  it("fidelity full: the types of headers go along", async () => {
    await start({ mqtt: { fidelity: "full" } });
    const client = await mqtt();
    const arrived = userPropertiesOf(client);
    await client.subscribeAsync("a/b");
    const channel = await (await amqp()).createChannel();

    channel.publish("amq.topic", "a.b", Buffer.from("x"), { headers: { ok: true } });

    expect(await arrived).toMatchObject({ ok: "true", "x-types": "ok=t" });
  });

  it("mounts: what begins with the prefix is in the exchange", async () => {
    await start({ mqtt: { mounts: [{ prefix: "orders/", exchange: "orders" }] } });
    const channel = await (await amqp()).createChannel();
    await channel.assertExchange("orders", "topic");
    const { queue } = await channel.assertQueue("", { exclusive: true });
    await channel.bindQueue(queue, "orders", "eu.*");

    await (await mqtt()).publishAsync("orders/eu/new", "x", { qos: 1 });

    expect(await channel.get(queue)).toMatchObject({ fields: { exchange: "orders", routingKey: "eu.new" } });
  });
});

function userPropertiesOf(client: MqttClient): Promise<Record<string, unknown>> {
  return new Promise((resolve) => {
    client.once("message", (_topic, _body, { properties }) => resolve({ ...properties?.userProperties }));
  });
}

describe("the section stomp", () => {
  it.each(["topic", "queue"] as const)("bareDestination %s", async (bareDestination) => {
    await start({ stomp: { bareDestination } });
    const client = await rawStomp();
    client.send("SUBSCRIBE", { id: "1", destination: bareDestination === "topic" ? "/topic/a" : "/queue/a" });

    expect(await client.ask("SEND", { destination: "a" }, "x")).toMatch(/^RECEIPT/);
    client.send("SEND", { destination: "a" }, "y");

    expect(await client.next("MESSAGE")).toMatch(/\n\n[xy]$/);
  });

  it("bareDestination left out: it is refused", async () => {
    await start({ stomp: {} });

    expect(await (await rawStomp()).ask("SEND", { destination: "a" }, "x")).toMatch(/^ERROR/);
  });

  it.each([
    ["rabbitmq", /\nexpiration:\d+\n/],
    ["activemq", /\nexpires:\d{13}\n/],
  ] as const)("profile %s: how expiry is written", async (profile, wanted) => {
    await start({ stomp: { profile } });
    const client = await rawStomp();
    await client.ask("SUBSCRIBE", { id: "1", destination: "/topic/a" });

    await (await mqtt()).publishAsync("a", "x", { properties: { messageExpiryInterval: 60 } });

    expect(await client.next("MESSAGE")).toMatch(wanted);
  });

  it("fidelity full: the types of headers go along", async () => {
    await start({ stomp: { fidelity: "full" } });
    const client = await rawStomp();
    await client.ask("SUBSCRIBE", { id: "1", destination: "/topic/a.b" });
    const channel = await (await amqp()).createChannel();

    channel.publish("amq.topic", "a.b", Buffer.from("x"), { headers: { ok: true } });

    expect(await client.next("MESSAGE")).toMatch(/\nx-types:ok=t\n/);
  });

  const headers = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`h${at}`, "x".repeat(20)]));
  it.each([
    [{ maxHeaderCount: 20 }, "more than 20 headers"],
    [{ maxHeaderLineBytes: 256 }, "256"],
    [{ maxHeadBytes: 600 }, "600"],
  ])("%j: a frame with more is refused", async (stomp, wanted) => {
    await start({ stomp });
    const client = await rawStomp();

    const answer = await client.ask("SEND", { destination: "/topic/a", ...headers, long: "x".repeat(300) });

    expect(answer).toMatch(/^ERROR/);
    expect(answer).toContain(wanted);
  });

  it("takes the same frame without those limits", async () => {
    await start({});

    const answer = await (await rawStomp()).ask("SEND", { destination: "/topic/a", ...headers });

    expect(answer).toMatch(/^RECEIPT/);
  });

  it("minHeartBeatMs: no shorter interval is agreed to", async () => {
    await start({ stomp: { minHeartBeatMs: 30_000 } });
    const client = await RawStomp.connect(broker.url("stomp"), { "heart-beat": "1000,40000" });
    endings.push(() => client.destroy());

    expect(client.connected).toContain("\nheart-beat:40000,30000\n");
  });

  it("maxSubscriptions: one more is refused", async () => {
    await start({ stomp: { maxSubscriptions: 1 } });
    const client = await rawStomp();

    expect(await client.ask("SUBSCRIBE", { id: "1", destination: "/topic/a" })).toMatch(/^RECEIPT/);
    expect(await client.ask("SUBSCRIBE", { id: "2", destination: "/topic/b" })).toMatch(/^ERROR/);
  });

  it("maxTransactionBytes: a transaction holds no more", async () => {
    await start({ stomp: { maxTransactionBytes: 1000 } });
    const client = await rawStomp();
    await client.ask("BEGIN", { transaction: "t" });
    const send = { destination: "/topic/a", transaction: "t" };

    client.send("SEND", send, "x".repeat(100));
    expect(await client.ask("SEND", send, "x".repeat(1000))).toMatch(/^ERROR/);
  });

  it("maxOutboxBytes: what a slow client gets late, or not at all", async () => {
    const count = 32;
    const body = Buffer.alloc(2 ** 20, "x");
    const arrivals: number[] = [];
    for (const maxOutboxBytes of [1, count * 2 ** 21]) {
      await start({ stomp: { maxOutboxBytes } });
      const client = await rawStomp();
      await client.ask("SUBSCRIBE", { id: "1", destination: "/topic/t" });
      client.pause();
      for (let sent = 0; sent < count; sent++) await broker.publish({ topic: "t", body });
      client.resume();
      client.send("SEND", { destination: "/topic/other", receipt: "end" });
      let arrived = 0;
      while ((await client.next(/^(?:MESSAGE|RECEIPT)/)).startsWith("MESSAGE")) arrived++;
      arrivals.push(arrived);
      client.destroy();
      await broker.close();
    }
    expect(arrivals[0]).toBeLessThan(count);
    expect(arrivals[1]).toBe(count);
  });
});

describe("the section amqp", () => {
  it("product and version: what clients are shown", async () => {
    await start({ amqp: { product: "RabbitMQ", version: "3.13.7" } });

    const { serverProperties } = (await amqp()).connection;

    expect(serverProperties).toMatchObject({ product: "RabbitMQ", version: "3.13.7" });
  });

  it("channelMax, frameMax and heartbeatSeconds: what clients are offered", async () => {
    await start({ amqp: { channelMax: 5, frameMax: 8192, heartbeatSeconds: 17 } });

    const { connection } = await amqp();

    expect(connection).toMatchObject({ channelMax: 5, frameMax: 8192, heartbeat: 17 });
  });
});

describe("introductionTimeoutMs", () => {
  it("is the time that a client of any protocol has to log in", async () => {
    await start({ introductionTimeoutMs: 1000 });
    const beginnings = {
      mqtt: Buffer.of(0x10, 0x20, 0, 4, 0x4d, 0x51, 0x54, 0x54),
      stomp: Buffer.from("CONNECT\naccept-version:1.2\n"),
      amqp: Buffer.from("AMQP\0\0\u0009\u0001"),
    };
    const closed = Object.values(beginnings).map(async (first) => {
      const { port, hostname } = new URL(broker.url("mqtt"));
      const socket = connectSocket(Number(port), hostname);
      endings.push(() => socket.destroy());
      socket.on("error", () => undefined);
      socket.resume();
      socket.write(first);
      await once(socket, "close");
    });

    await expect(Promise.all(closed)).resolves.toHaveLength(3);
  });
});

describe("sections of a listener", () => {
  it("leave sessions what they are: a client may come back by another listener", async () => {
    await start({ listeners: [{ port: 0 }, { port: 0, mqtt: { maxInflight: 5 } }] });
    const [usual, special] = broker.listeners.map(({ port }) => `mqtt://127.0.0.1:${port}`);
    const expiry = { sessionExpiryInterval: 100 };
    const first = await rawMqtt("c", expiry, usual);
    await first.subscribe("a/+", 1);
    await broker.publish({ topic: "a/1", body: "", durable: true });
    const { packetId } = await first.next("publish");

    const second = await rawMqtt("c", expiry, special);

    expect(await first.next("disconnect")).toMatchObject({ reason: 0x8e });
    expect(await second.next("publish")).toMatchObject({ topic: "a/1", packetId, dup: true });
    second.send({ type: "puback", packetId, reason: 0, properties: {} });
    await second.disconnect();
    await broker.publish({ topic: "a/2", body: "", durable: true });
    const third = await rawMqtt("c", expiry, usual);
    expect(await third.next("publish")).toMatchObject({ topic: "a/2", dup: false });
  });

  it("go before those of the whole configuration, for its clients only", async () => {
    await start({
      listeners: [{ port: 0 }, { port: 0, mqtt: { maximumQos: 0 }, amqp: { heartbeatSeconds: 17 } }],
      mqtt: { maximumQos: 1, receiveMaximum: 9 },
      amqp: { channelMax: 5 },
    });
    const [usual, special] = broker.listeners.map(({ port }) => `127.0.0.1:${port}`);

    expect(await connackOf(`mqtt://${usual}`)).toMatchObject({ maximumQoS: 1, receiveMaximum: 9 });
    expect(await connackOf(`mqtt://${special}`)).toMatchObject({ maximumQoS: 0, receiveMaximum: 9 });
    const connection = await connectAmqp(`amqp://${special}`);
    endings.push(() => connection.close());
    expect(connection.connection).toMatchObject({ channelMax: 5, heartbeat: 17 });
  });
});
