import { generate, type Packet } from "mqtt-packet";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Amqplib } from "../clients/amqplib.ts";
import { MqttJs } from "../clients/mqtt-js.ts";
import { RawMqtt } from "../clients/raw-mqtt.ts";
import { RawStomp } from "../clients/raw-stomp.ts";
import type { OmittedCell } from "./cell.ts";
import { freshTopic, listOmitted } from "./cross.ts";
import { World } from "./world.ts";

const LIMIT = 10_000;

let world: World;

beforeAll(async () => {
  const allowed = { topics: ["allowed/#"] };
  world = await World.start({
    maxMessageBytes: LIMIT,
    users: [
      { name: "guest", password: "guest" },
      { name: "anonymous" },
      {
        name: "limited",
        password: "secret",
        permissions: [{ virtualHost: "/", configure: "all", publish: allowed, subscribe: allowed }],
      },
    ],
  });
});
afterAll(async () => {
  await world.stop();
});

const none = "§9 has – there: the protocol has no such thing";
const omitted: readonly OmittedCell[] = [
  { section: "9", name: "nothing matched: mqtt3.1.1", because: none },
  { section: "9", name: "takeover: stomp", because: none },
  { section: "9", name: "takeover: amqp", because: none },
];
listOmitted(omitted);

function publishOf(size: number): Packet {
  return { cmd: "publish", topic: "a", payload: Buffer.alloc(size), qos: 0, dup: false, retain: false };
}

const LIMITED = { username: "limited", password: "secret" };

/** The reason that a promise's rejection gives. */
async function refusal(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => "not refused",
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}

async function limitedAmqp(): Promise<Amqplib> {
  const { host } = new URL(world.broker.url("amqp"));
  return await Amqplib.connect(`amqp://limited:secret@${host}`);
}

async function limitedStomp(): Promise<RawStomp> {
  const raw = await RawStomp.open(world.broker.url("stomp"));
  raw.send("CONNECT", ["accept-version:1.2", "host:/", "login:limited", "passcode:secret"]);
  expect((await raw.frames.next()).command).toBe("CONNECTED");
  return raw;
}

describe("a login that fails", () => {
  test.concurrent("§9 bad login: mqtt5, CONNACK 0x86", async () => {
    const connecting = MqttJs.connect(world.broker.url("mqtt"), { username: "guest", password: "wrong" });

    expect(await refusal(connecting)).toMatch(/bad user name or password/i);
  });

  test.concurrent("§9 bad login: mqtt3.1.1, return code 4", async () => {
    const connecting = MqttJs.connect(world.broker.url("mqtt"), {
      protocolVersion: 4,
      username: "guest",
      password: "wrong",
    });

    expect(await refusal(connecting)).toMatch(/bad username or password/i);
  });

  test.concurrent("§9 bad login: stomp, ERROR and close", async () => {
    const raw = await RawStomp.open(world.broker.url("stomp"));

    raw.send("CONNECT", ["accept-version:1.2", "host:/", "login:guest", "passcode:wrong"]);

    expect((await raw.frames.next()).command).toBe("ERROR");
    await raw.closed;
  });

  test.concurrent("§9 bad login: amqp, 403 for a client that understands it", async () => {
    const { host } = new URL(world.broker.url("amqp"));

    expect(await refusal(Amqplib.connect(`amqp://guest:wrong@${host}`))).toMatch(/403/);
  });
});

describe("what the user may not", () => {
  test.concurrent("§9 ACL publish: mqtt5, PUBACK 0x87", async () => {
    const mqtt = await world.mqtt5(LIMITED);

    const publishing = mqtt.publish("forbidden/a", "x", { qos: 1 });

    expect(await refusal(publishing)).toMatch(/not authorized|135/i);
    expect(await mqtt.packets.next(({ cmd }) => cmd === "puback")).toMatchObject({ reasonCode: 0x87 });
  });

  test.concurrent("§9 ACL publish: mqtt5, PUBREC 0x87", async () => {
    const mqtt = await world.mqtt5(LIMITED);

    const publishing = mqtt.publish("forbidden/a", "x", { qos: 2 });

    expect(await refusal(publishing)).toMatch(/not authorized|135/i);
    expect(await mqtt.packets.next(({ cmd }) => cmd === "pubrec")).toMatchObject({ reasonCode: 0x87 });
  });

  test.concurrent("§9 ACL publish: mqtt5, QoS 0 is dropped and the connection lives", async () => {
    const [mqtt, watcher] = await Promise.all([world.mqtt5(LIMITED), world.mqtt5()]);
    await watcher.subscribe("forbidden/quiet");
    await watcher.subscribe("allowed/quiet");

    await mqtt.publish("forbidden/quiet", "x");
    await mqtt.publish("allowed/quiet", "x");

    expect(await watcher.arrivals.next()).toMatchObject({ topic: "allowed/quiet" });
  });

  test.concurrent("§9 ACL publish: mqtt3.1.1, close", async () => {
    const mqtt = await world.mqtt3(LIMITED);

    void mqtt.publish("forbidden/a", "x", { qos: 1 }).catch(() => {});
    await mqtt.closed;

    expect(mqtt.packets.all.map(({ cmd }) => cmd)).not.toContain("puback");
  });

  test.concurrent("§9 ACL publish: stomp, ERROR and close", async () => {
    const raw = await limitedStomp();

    raw.send("SEND", ["destination:/topic/forbidden.a", "receipt:r"], "x");

    expect(await raw.frames.next()).toMatchObject({ command: "ERROR" });
    await raw.closed;
  });

  test.concurrent("§9 ACL publish: amqp, channel 403", async () => {
    const amqp = await limitedAmqp();

    const publishing = amqp.publish("amq.topic", "forbidden.a", "x");
    void publishing.catch(() => {});

    expect((await amqp.events.next()).message).toMatch(/403/);
    await amqp.close();
  });

  test.concurrent("§9 ACL subscribe: mqtt5, SUBACK 0x87", async () => {
    const mqtt = await world.mqtt5(LIMITED);

    await mqtt.subscribe("forbidden/a").catch(() => []);

    expect(await mqtt.packets.next(({ cmd }) => cmd === "suback")).toMatchObject({ granted: [0x87] });
  });

  test.concurrent("§9 ACL subscribe: mqtt3.1.1, SUBACK 0x80", async () => {
    const mqtt = await world.mqtt3(LIMITED);

    await mqtt.subscribe("forbidden/a").catch(() => []);

    expect(await mqtt.packets.next(({ cmd }) => cmd === "suback")).toMatchObject({ granted: [0x80] });
  });

  test.concurrent("§9 ACL subscribe: stomp, ERROR and close", async () => {
    const raw = await limitedStomp();

    raw.send("SUBSCRIBE", ["id:1", "destination:/topic/forbidden.a", "receipt:r"]);

    expect(await raw.frames.next()).toMatchObject({ command: "ERROR" });
    await raw.closed;
  });

  test.concurrent("§9 ACL subscribe: amqp, channel 403", async () => {
    const amqp = await limitedAmqp();

    const subscribing = amqp.subscribe("forbidden.a");

    expect(await refusal(subscribing)).toMatch(/403/);
    await amqp.close();
  });
});

describe("a will that its client may not publish", () => {
  const will = { topic: "forbidden/will", payload: Buffer.from("x"), qos: 0, retain: false } as const;

  test.concurrent("§8 will: mqtt5, refused at connect", async () => {
    const connecting = MqttJs.connect(world.broker.url("mqtt"), { ...LIMITED, will });

    expect(await refusal(connecting)).toMatch(/not authorized/i);
  });

  test.concurrent("§8 will: mqtt3.1.1, refused at connect", async () => {
    const connecting = MqttJs.connect(world.broker.url("mqtt"), { ...LIMITED, will, protocolVersion: 4 });

    expect(await refusal(connecting)).toMatch(/not authorized/i);
  });
});

describe("a message for nobody", () => {
  test.concurrent("§9 nothing matched: mqtt5, PUBACK 0x10", async () => {
    const mqtt = await world.mqtt5();

    await mqtt.publish(freshTopic(), "x", { qos: 1 });

    expect(await mqtt.packets.next(({ cmd }) => cmd === "puback")).toMatchObject({ reasonCode: 0x10 });
  });

  test.concurrent("§9 nothing matched: mqtt5, PUBREC 0x10", async () => {
    const mqtt = await world.mqtt5();

    await mqtt.publish(freshTopic(), "x", { qos: 2 });

    expect(await mqtt.packets.next(({ cmd }) => cmd === "pubrec")).toMatchObject({ reasonCode: 0x10 });
  });

  test.concurrent("§9 nothing matched: stomp, RECEIPT with routed:false", async () => {
    const stomp = await world.stomp();

    const receipt = await stomp.send(`/topic/${freshTopic()}`, "x");

    expect(receipt.headers).toMatchObject({ routed: "false" });
  });

  test.concurrent("§9 nothing matched: amqp, basic.return 312 if mandatory, then ack", async () => {
    const amqp = await world.amqp();

    await amqp.publish("amq.topic", freshTopic(), "x", { mandatory: true });

    expect(amqp.events.all).toMatchObject([{ event: "return", message: expect.stringMatching(/^312/) }]);
  });

  test.concurrent("§9 nothing matched: amqp, ack alone if not mandatory", async () => {
    const amqp = await world.amqp();

    await amqp.publish("amq.topic", freshTopic(), "x");

    expect(amqp.events.all).toStrictEqual([]);
  });
});

describe("a queue that is full and refuses", () => {
  test.concurrent("§9 queue full: mqtt5, 0x97", async () => {
    await fullQueue("full-mqtt5");
    const mqtt = await world.mqtt5();

    await mqtt.publish("$queue/full-mqtt5", "x", { qos: 1 }).catch(() => {});

    expect(await mqtt.packets.next(({ cmd }) => cmd === "puback")).toMatchObject({ reasonCode: 0x97 });
  });

  test.concurrent("§9 queue full: mqtt3.1.1, the PUBACK is withheld", async () => {
    await fullQueue("full-mqtt3");
    const mqtt = await world.mqtt3();

    void mqtt.publish("$queue/full-mqtt3", "x", { qos: 1 }).catch(() => {});
    await mqtt.publish(freshTopic(), "after it", { qos: 1 });

    expect(mqtt.packets.all.filter(({ cmd }) => cmd === "puback")).toHaveLength(1);
  });

  test.concurrent("§9 queue full: stomp, ERROR with receipt-id", async () => {
    await fullQueue("full-stomp");
    const raw = await RawStomp.connect(world.broker.url("stomp"));

    raw.send("SEND", ["destination:/amq/queue/full-stomp", "receipt:r1"], "x");

    const error = await raw.frames.next();
    expect(error.command).toBe("ERROR");
    expect(error.lines).toContain("receipt-id:r1");
  });

  test.concurrent("§9 queue full: amqp, basic.nack", async () => {
    await fullQueue("full-amqp");
    const amqp = await world.amqp();

    expect(await refusal(amqp.publish("", "full-amqp", "x"))).toMatch(/nack/i);
  });
});

describe("a message that is too large", () => {
  const large = Buffer.alloc(LIMIT + 1);

  for (const [when, size, sent] of [
    ["before its body came", 400_000, 100],
    ["whose packet is not", LIMIT + 1, undefined],
  ] as const) {
    test.concurrent(`§9 too large: mqtt5, DISCONNECT 0x95 for a message ${when}`, async () => {
      const raw = await RawMqtt.connect(world.broker.url("mqtt"), 5);

      raw.write(generate(publishOf(size), { protocolVersion: 5 }).subarray(0, sent));

      expect(await raw.packets.next(({ cmd }) => cmd === "disconnect")).toMatchObject({ reasonCode: 0x95 });
      raw.close();
    });

    test.concurrent(`§9 too large: mqtt3.1.1, close for a message ${when}`, async () => {
      const raw = await RawMqtt.connect(world.broker.url("mqtt"), 4);

      raw.write(generate(publishOf(size)).subarray(0, sent));

      expect(await refusal(raw.packets.next())).toMatch(/closed/);
    });
  }

  test.concurrent("§9 too large: stomp, ERROR before the body came", async () => {
    const raw = await RawStomp.connect(world.broker.url("stomp"));

    raw.write(`SEND\ndestination:/topic/a\ncontent-length:${LIMIT + 1}\n\nbeginning`);

    expect((await raw.frames.next()).command).toBe("ERROR");
    await raw.closed;
  });

  test.concurrent("§9 too large: amqp, 311", async () => {
    const amqp = await world.amqp();
    const channel = await amqp.openChannel();

    channel.publish("amq.topic", "a", large);

    expect((await amqp.events.next()).message).toMatch(/311|501/);
  });
});

describe("an address that cannot be", () => {
  test.concurrent("§9 bad topic: mqtt5, 0x90 for a Topic Name", async () => {
    const raw = await RawMqtt.connect(world.broker.url("mqtt"), 5);

    raw.send({
      cmd: "publish",
      topic: "$share/g/a",
      payload: "x",
      qos: 1,
      messageId: 1,
      dup: false,
      retain: false,
    });

    expect(await raw.packets.next()).toMatchObject({ reasonCode: 0x90 });
    raw.close();
  });

  test.concurrent("§9 bad topic: mqtt5, 0x8F for a Topic Filter", async () => {
    const raw = await RawMqtt.connect(world.broker.url("mqtt"), 5);

    raw.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "$queue/", qos: 0 }] });

    const answer = await raw.packets.next();
    expect([
      answer.cmd === "suback" ? answer.granted[0] : undefined,
      "reasonCode" in answer && answer.reasonCode,
    ]).toContain(0x8f);
    raw.close();
  });

  test.concurrent("§9 bad topic: mqtt3.1.1, close", async () => {
    const raw = await RawMqtt.connect(world.broker.url("mqtt"), 4);

    raw.send({ cmd: "publish", topic: "a/+", payload: "x", qos: 1, messageId: 1, dup: false, retain: false });

    expect(await refusal(raw.packets.next())).toMatch(/closed/);
  });

  test.concurrent("§9 bad destination: stomp, ERROR", async () => {
    const raw = await RawStomp.connect(world.broker.url("stomp"));

    raw.send("SEND", ["destination:/nonsense/a"], "x");

    expect((await raw.frames.next()).command).toBe("ERROR");
    await raw.closed;
  });

  test.concurrent("§9 bad exchange: amqp, 404", async () => {
    const amqp = await world.amqp();
    const channel = await amqp.openChannel();

    channel.publish("no-such-exchange", "a", Buffer.from("x"));

    expect((await amqp.events.next()).message).toMatch(/404/);
  });

  test.concurrent("§9 unknown queue: amqp, 404", async () => {
    const channel = await (await world.amqp()).openChannel();

    expect(await refusal(channel.consume("no-such-queue", () => {}))).toMatch(/404/);
  });

  test.concurrent("§9 an error closes an AMQP channel and not the connection", async () => {
    const amqp = await world.amqp();
    const channel = await amqp.openChannel();

    await refusal(channel.checkQueue("no-such-queue"));

    await amqp.publish("amq.topic", "a", "still here");
    expect(amqp.events.all.map(({ event }) => event)).not.toContain("connection close");
  });
});

describe("a session that is taken over", () => {
  test.concurrent("§9 takeover: mqtt5, DISCONNECT 0x8E", async () => {
    const first = await world.mqtt5({ clientId: "taken-5" });

    await world.mqtt5({ clientId: "taken-5" });

    expect(await first.packets.next(({ cmd }) => cmd === "disconnect")).toMatchObject({ reasonCode: 0x8e });
    await first.closed;
  });

  test.concurrent("§9 takeover: mqtt3.1.1, close", async () => {
    const first = await world.mqtt3({ clientId: "taken-3" });

    await world.mqtt3({ clientId: "taken-3" });

    await first.closed;
    expect(first.packets.all.map(({ cmd }) => cmd)).toStrictEqual(["connack"]);
  });
});

describe("a consumer whose queue is deleted", () => {
  test.concurrent("§9 queue deleted: mqtt5, DISCONNECT 0x98", async () => {
    await (await world.amqp()).channel.assertQueue("deleted-mqtt5");
    const mqtt = await world.mqtt5();
    await mqtt.subscribe("$queue/deleted-mqtt5", { qos: 1 });

    await deleteQueue("deleted-mqtt5");

    expect(await mqtt.packets.next(({ cmd }) => cmd === "disconnect")).toMatchObject({ reasonCode: 0x98 });
  });

  test.concurrent("§9 queue deleted: mqtt3.1.1, close", async () => {
    await (await world.amqp()).channel.assertQueue("deleted-mqtt3");
    const mqtt = await world.mqtt3();
    await mqtt.subscribe("$queue/deleted-mqtt3", { qos: 1 });

    await deleteQueue("deleted-mqtt3");

    await mqtt.closed;
    expect(mqtt.packets.all.map(({ cmd }) => cmd)).not.toContain("disconnect");
  });

  test.concurrent("§9 queue deleted: stomp, ERROR", async () => {
    await (await world.amqp()).channel.assertQueue("deleted-stomp");
    const stomp = await world.stomp();
    await stomp.subscribe("/amq/queue/deleted-stomp");

    await deleteQueue("deleted-stomp");

    await stomp.errors.next();
    await stomp.closed;
    expect(stomp.errors.all).toHaveLength(1);
  });

  test.concurrent("§9 queue deleted: amqp, basic.cancel", async () => {
    const amqp = await world.amqp();
    await amqp.channel.assertQueue("deleted-amqp");
    await amqp.consume("deleted-amqp");

    await deleteQueue("deleted-amqp");

    expect(await amqp.events.next()).toMatchObject({ event: "cancel" });
  });
});

describe("a broker that stops", () => {
  test("§9 shutdown: mqtt5 0x8B, mqtt3.1.1 close, stomp ERROR, amqp 320", async () => {
    const other = await World.start();
    const [mqtt5, mqtt3, stomp, amqp] = await Promise.all([
      other.mqtt5(),
      other.mqtt3(),
      other.rawStomp(),
      other.amqp(),
    ]);

    await other.broker.close();

    expect(await mqtt5.packets.next(({ cmd }) => cmd === "disconnect")).toMatchObject({ reasonCode: 0x8b });
    await mqtt3.closed;
    expect(mqtt3.packets.all.map(({ cmd }) => cmd)).toStrictEqual(["connack"]);
    expect((await stomp.frames.next()).command).toBe("ERROR");
    expect(await amqp.events.next(({ event }) => event === "connection close")).toMatchObject({
      message: expect.stringMatching(/320/),
    });
  });
});

async function fullQueue(name: string): Promise<void> {
  const amqp = await world.amqp();
  await amqp.channel.assertQueue(name, { maxLength: 1, arguments: { "x-overflow": "reject-publish" } });
  await amqp.publish("", name, "first");
}

async function deleteQueue(name: string): Promise<void> {
  await (await world.amqp()).channel.deleteQueue(name);
}
