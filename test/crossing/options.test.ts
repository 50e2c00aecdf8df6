import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshTopic } from "./cross.ts";
import { World } from "./world.ts";

let world: World;
/** The same with the options that exclude the first one's. */
let other: World;
let enclosing: World;

beforeAll(async () => {
  world = await World.start({
    mqtt: { mounts: [{ prefix: "orders/", exchange: "orders" }], amqpProperties: "none", fidelity: "full" },
    stomp: { bareDestination: "topic", fidelity: "full", profile: "activemq" },
  });
  other = await World.start({
    amqp: { repeatedHeaders: "join" },
    mqtt: { closesOnOverflow: true, sysToAmqp: true, sysIntervalSeconds: 1 },
    stomp: { bareDestination: "queue", repeatedHeaders: "suffix" },
  });
  enclosing = await World.start({ mqtt: { mqtt3Envelope: "json" } });
});
afterAll(async () => {
  await Promise.all([world.stop(), other.stop(), enclosing.stop()]);
});

const keyOf = (topic: string): string => topic.replaceAll("/", ".");

describe("mounts", () => {
  test.concurrent("§3.3 mqtt5 → amqp: a mounted prefix is an exchange", async () => {
    const [mqtt, amqp] = await Promise.all([world.mqtt5(), world.amqp()]);
    await amqp.channel.assertExchange("orders", "topic", { durable: false });
    const { queue } = await amqp.channel.assertQueue("", { exclusive: true });
    await amqp.channel.bindQueue(queue, "orders", "eu.*");
    const inbox = await amqp.consume(queue);

    await mqtt.publish("orders/eu/new", "x", { qos: 1 });

    expect(await inbox.next()).toMatchObject({ body: "x", exchange: "orders", routingKey: "eu.new" });
  });

  test.concurrent("§3.3 amqp → mqtt5: a mounted prefix is an exchange", async () => {
    const [mqtt, amqp] = await Promise.all([world.mqtt5(), world.amqp()]);
    await amqp.channel.assertExchange("orders", "topic", { durable: false });
    await mqtt.subscribe("orders/us/+");

    await amqp.publish("orders", "us.new", "x");

    expect(await mqtt.arrivals.next()).toMatchObject({ topic: "orders/us/new", body: "x" });
  });
});

describe("$SYS", () => {
  test.concurrent("§3.2 sysToAmqp: a binding that begins with a wildcard selects it", async () => {
    const [amqp] = await Promise.all([other.amqp(), other.mqtt5()]);
    const { queue } = await amqp.channel.assertQueue("", { exclusive: true });
    await amqp.channel.bindQueue(queue, "amq.topic", "#.uptime");

    const inbox = await amqp.consume(queue);

    expect(await inbox.next()).toMatchObject({ routingKey: "$SYS.broker.uptime" });
  });
});

describe("mqtt3Envelope: json", () => {
  const fields = {
    contentType: "text/plain",
    responseTopic: "answers/a",
    correlationData: "c-1",
    userProperties: { colour: "blue" },
  } as const;

  test.concurrent("§4.1 mqtt5 → mqtt3.1.1: properties arrive in the payload", async () => {
    const topic = freshTopic();
    const [five, three] = await Promise.all([enclosing.mqtt5(), enclosing.mqtt3()]);
    await three.subscribe(topic);

    await five.publish(topic, "größe", { ...fields, qos: 1, messageExpiryInterval: 100 });

    const { body } = await three.arrivals.next();
    expect(JSON.parse(body)).toEqual({ ...fields, messageExpiryInterval: 100, payload: "größe" });
  });

  test.concurrent(
    "§4.1 mqtt3.1.1 → mqtt5, amqp: properties in the payload are the message's own",
    async () => {
      const topic = freshTopic();
      const [five, three, amqp] = await Promise.all([enclosing.mqtt5(), enclosing.mqtt3(), enclosing.amqp()]);
      await five.subscribe(topic);
      const inbox = await amqp.subscribe(keyOf(topic));

      await three.publish(topic, JSON.stringify({ ...fields, payload: "größe" }), { qos: 1 });

      expect(await five.arrivals.next()).toMatchObject({ ...fields, body: "größe" });
      expect(await inbox.next()).toMatchObject({
        body: "größe",
        contentType: "text/plain",
        correlationId: "c-1",
        headers: { colour: "blue" },
      });
    },
  );

  test.concurrent("§4.5 amqp, stomp1.2 → mqtt3.1.1: headers arrive in the payload", async () => {
    const topic = freshTopic();
    const [three, amqp, stomp] = await Promise.all([
      enclosing.mqtt3(),
      enclosing.amqp(),
      enclosing.rawStomp(),
    ]);
    await three.subscribe(topic);

    await amqp.publish("amq.topic", keyOf(topic), "x", { contentType: "a/b", headers: { n: 1 } });
    const first: unknown = JSON.parse((await three.arrivals.next()).body);
    stomp.send("SEND", [`destination:/topic/${topic}`, "content-type:a/b", "n:1"], "x");
    const second: unknown = JSON.parse((await three.arrivals.next()).body);

    for (const envelope of [first, second]) {
      expect(envelope).toMatchObject({ contentType: "a/b", userProperties: { n: "1" }, payload: "x" });
    }
  });

  test.concurrent("§4.1 mqtt3.1.1 → mqtt5: a payload that is no envelope is the body", async () => {
    const topic = freshTopic();
    const [five, three] = await Promise.all([enclosing.mqtt5(), enclosing.mqtt3()]);
    await five.subscribe(topic);

    for (const body of ['{"temperature":21}', "21.5"]) await three.publish(topic, body, { qos: 1 });

    const bodies = [(await five.arrivals.next()).body, (await five.arrivals.next()).body];
    expect(bodies).toEqual(['{"temperature":21}', "21.5"]);
  });
});

describe("properties of AMQP", () => {
  test.concurrent("§4.1 amqp → mqtt5: with none, only headers are User Properties", async () => {
    const topic = freshTopic();
    const [mqtt, amqp] = await Promise.all([world.mqtt5(), world.amqp()]);
    await mqtt.subscribe(topic);

    const fields = { messageId: "m-1", type: "t", appId: "a", priority: 5, timestamp: 1_700_000_000 };
    await amqp.publish("amq.topic", keyOf(topic), "x", { ...fields, headers: { colour: "blue" } });

    const { userProperties = {} } = await mqtt.arrivals.next();
    expect(userProperties).toMatchObject({ colour: "blue" });
    for (const name of ["amqp-message-id", "type", "app-id", "priority", "timestamp"]) {
      expect(userProperties).not.toHaveProperty([name]);
    }
  });
});

describe("repeated User Properties", () => {
  test.concurrent(
    "§4.1 mqtt5 → amqp, stomp1.2: an array, and lines of one name, as the standard is",
    async () => {
      expect(await crossed(world)).toMatchObject({
        amqp: { colour: ["blue", "red", "blue"] },
        stomp: { colour: "blue" },
      });
    },
  );

  test.concurrent("§4.1 mqtt5 → amqp, stomp1.2: join, and suffixes from -2 on", async () => {
    expect(await crossed(other)).toMatchObject({
      amqp: { colour: "blue,red,blue" },
      stomp: { colour: "blue", "colour-2": "red", "colour-3": "blue" },
    });
  });
});

describe("a queue that is full and refuses", () => {
  test.concurrent("§9 queue full: mqtt3.1.1 is cut off if the option says so", async () => {
    const [mqtt, amqp] = await Promise.all([other.mqtt3(), other.amqp()]);
    const name = "full-mqtt3";
    await amqp.channel.assertQueue(name, { maxLength: 1, arguments: { "x-overflow": "reject-publish" } });
    await amqp.publish("", name, "first");

    void mqtt.publish(`$queue/${name}`, "x", { qos: 1 }).catch(() => {});
    await mqtt.closed;

    expect(mqtt.packets.all.map(({ cmd }) => cmd)).toStrictEqual(["connack"]);
  });
});

describe("a bare destination of STOMP", () => {
  test.concurrent("§3.3 stomp1.2 → mqtt5: is a topic if the option says so", async () => {
    const topic = freshTopic();
    const [mqtt, stomp] = await Promise.all([world.mqtt5(), world.stomp()]);
    await mqtt.subscribe(topic);

    await stomp.send(topic, "x");

    expect(await mqtt.arrivals.next()).toMatchObject({ topic, body: "x" });
  });

  test.concurrent("§3.3 mqtt5 → stomp1.2: is a topic if the option says so", async () => {
    const topic = freshTopic();
    const [mqtt, stomp] = await Promise.all([world.mqtt5(), world.stomp()]);
    const inbox = await stomp.subscribe(topic);

    await mqtt.publish(topic, "x");

    const { body, headers } = await inbox.next();
    expect(body).toBe("x");
    expect(headers["destination"]).toBe(topic);
  });

  test.concurrent("§3.3 stomp1.2 → amqp: is a queue if the option says so", async () => {
    const [stomp, amqp] = await Promise.all([other.stomp(), other.amqp()]);
    await stomp.send("bare-queue", "x");

    const inbox = await amqp.consume("bare-queue");

    expect(await inbox.next()).toMatchObject({ body: "x", routingKey: "bare-queue" });
  });

  test.concurrent("§3.3 stomp1.2 ↔ amqp, mqtt5: queue:// and topic:// are ActiveMQ's", async () => {
    const topic = freshTopic();
    const [stomp, amqp, mqtt] = await Promise.all([world.stomp(), world.amqp(), world.mqtt5()]);
    await mqtt.subscribe(topic);
    await stomp.send("queue://activemq-queue", "to the queue");
    const inbox = await amqp.consume("activemq-queue");

    await stomp.send(`topic://${keyOf(topic)}`, "to the topic");

    expect((await inbox.next()).body).toBe("to the queue");
    expect(await mqtt.arrivals.next()).toMatchObject({ topic, body: "to the topic" });
  });
});

describe("STOMP with the profile of ActiveMQ", () => {
  test.concurrent(
    "§4.3 mqtt5 → stomp1.2: expiry goes out as expires, in milliseconds since 1970",
    async () => {
      const topic = freshTopic();
      const [stomp, mqtt] = await Promise.all([world.stomp(), world.mqtt5()]);
      const inbox = await stomp.subscribe(`/topic/${topic}`);
      const before = Date.now();

      await mqtt.publish(topic, "x", { messageExpiryInterval: 1_000 });

      const { headers } = await inbox.next();
      expect(Number(headers["expires"])).toBeGreaterThanOrEqual(before + 1_000_000);
      expect(headers).not.toHaveProperty("expiration");
    },
  );
});

describe("full fidelity", () => {
  const headers = {
    n: { "!": "int8", value: 5 },
    ok: true,
    pos: { lat: 1.5, tags: ["a", 2] },
    at: { "!": "timestamp", value: 1_700_000_000 },
    price: { "!": "decimal", value: { places: 2, digits: 1_234 } },
    raw: Buffer.from([0xff, 0]),
    none: null,
    text: "plain",
  };
  const restored = {
    n: 5,
    ok: true,
    pos: { lat: 1.5, tags: ["a", 2] },
    at: { "!": "timestamp", value: 1_700_000_000 },
    price: { "!": "decimal", value: { places: 2, digits: 1_234 } },
    raw: "bytes:hex:ff00",
    none: null,
    text: "plain",
  };

  test.concurrent("§4.4 amqp → stomp1.2 → amqp: x-types restores the types and is removed", async () => {
    const [out, back] = [freshTopic(), freshTopic()];
    const [stomp, amqp] = await Promise.all([world.stomp(), world.amqp()]);
    const seen = await stomp.subscribe(`/topic/${out}`);
    const inbox = await amqp.subscribe(keyOf(back));

    await amqp.publish("amq.topic", keyOf(out), "x", { headers });
    const { headers: asText } = await seen.next();
    const names = [...Object.keys(headers), "x-types"];
    const sent = Object.fromEntries(names.map((name) => [name, asText[name] ?? ""]));
    await stomp.send(`/topic/${back}`, "x", sent);

    expect(asText["n"]).toBe("5");
    expect(asText["x-types"]).toMatch(/\bn=b\b/);
    const arrival = await inbox.next();
    expect(arrival.headers).toMatchObject(restored);
    expect(arrival.headers).not.toHaveProperty("x-types");
  });

  test.concurrent("§4.4 amqp → mqtt5 → amqp: x-types restores the types and is removed", async () => {
    const [out, back] = [freshTopic(), freshTopic()];
    const [mqtt, amqp] = await Promise.all([world.mqtt5(), world.amqp()]);
    await mqtt.subscribe(out);
    const inbox = await amqp.subscribe(keyOf(back));

    await amqp.publish("amq.topic", keyOf(out), "x", { headers });
    const { userProperties = {} } = await mqtt.arrivals.next();
    await mqtt.publish(back, "x", { userProperties });

    expect(userProperties["n"]).toBe("5");
    expect(userProperties["x-types"]).toMatch(/\bn=b\b/);
    const arrival = await inbox.next();
    expect(arrival.headers).toMatchObject(restored);
    expect(arrival.headers).not.toHaveProperty("x-types");
  });
});

async function crossed(through: World): Promise<{ readonly amqp: unknown; readonly stomp: unknown }> {
  const topic = freshTopic();
  const [mqtt, amqp, stomp] = await Promise.all([through.mqtt5(), through.amqp(), through.stomp()]);
  const inboxes = await Promise.all([amqp.subscribe(keyOf(topic)), stomp.subscribe(`/topic/${topic}`)]);
  await mqtt.publish(topic, "x", { userProperties: { colour: ["blue", "red", "blue"] } });
  const [toAmqp, toStomp] = await Promise.all([inboxes[0].next(), inboxes[1].next()]);
  return { amqp: toAmqp.headers, stomp: toStomp.headers };
}
