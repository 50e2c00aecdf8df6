import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Amqplib } from "../clients/amqplib.ts";
import { CloudAmqp } from "../clients/cloudamqp.ts";
import type { MqttJs } from "../clients/mqtt-js.ts";
import { RawMqtt } from "../clients/raw-mqtt.ts";
import { type Cell, type OmittedCell, amqp, mqtt3, mqtt5, rows, stomp } from "./cell.ts";
import { freshTopic, listOmitted, testCells } from "./cross.ts";
import { World } from "./world.ts";

let world: World;

beforeAll(async () => {
  world = await World.start();
});
afterAll(async () => {
  await world.stop();
});

const LEVELS = [0, 1, 2] as const;

/** The level at which a message reaches an MQTT subscriber. */
const effectiveLevels: readonly Cell[] = LEVELS.flatMap((asked) => [
  ...LEVELS.flatMap((qos) => [
    ...rows("5", "mqtt5", [
      {
        name: `QoS ${qos} to a subscription of QoS ${asked} is QoS ${Math.min(qos, asked)}`,
        sent: mqtt5({ qos }),
        with: { qos: Math.min(qos, asked) },
        subscribing: { qos: asked },
      },
    ]),
    ...rows("5", "mqtt3.1.1", [
      {
        name: `QoS ${qos} to a subscription of QoS ${asked} is QoS ${Math.min(qos, asked)}`,
        sent: mqtt3({ qos }),
        with: { qos: Math.min(qos, asked) },
        subscribing: { qos: asked },
      },
    ]),
  ]),
  ...rows("5", "mqtt5", [
    {
      name: `a transient message to a subscription of QoS ${asked} is QoS ${asked}`,
      sent: amqp({ persistent: false }),
      with: { qos: asked },
      subscribing: { qos: asked },
    },
    {
      name: `a durable message to a subscription of QoS ${asked} is QoS ${asked}`,
      sent: amqp({ persistent: true }),
      with: { qos: asked },
      subscribing: { qos: asked },
    },
    {
      name: `a message to a subscription of QoS ${asked} is QoS ${asked}`,
      sent: stomp({}),
      with: { qos: asked },
      subscribing: { qos: asked },
    },
  ]),
]);

const omitted: readonly OmittedCell[] = [
  {
    section: "4.5",
    name: "QoS 2 end to end over AMQP or STOMP",
    because: "§4.5 X: exactly-once ends at the broker",
  },
  {
    section: "5",
    name: "durable decides the survival of a restart",
    because: "proved where brokers are stopped and started (test/recovery), not by crossing",
  },
];

describe("the level of delivery", () => {
  testCells(() => world, effectiveLevels);
  listOmitted(omitted);
});

let queues = 0;

/** A queue of its own for one test, with a second one for what is dead-lettered from it. */
async function freshQueue(
  client: Amqplib,
  what: string,
): Promise<{ readonly queue: string; readonly dead: string }> {
  const queue = `${what}-${++queues}`;
  const dead = `${queue}-dead`;
  await client.channel.assertQueue(dead);
  await client.channel.assertQueue(queue, { deadLetterExchange: "", deadLetterRoutingKey: dead });
  return { queue, dead };
}

/** Messages that are ready in a queue. */
async function depthOf(client: Amqplib, queue: string): Promise<number> {
  return (await client.channel.checkQueue(queue)).messageCount;
}

describe("what is accepted is in the queue", () => {
  test.concurrent("§5 mqtt5 → amqp: PUBACK", async () => {
    const [client, mqtt] = await Promise.all([world.amqp(), world.mqtt5()]);
    const { queue } = await freshQueue(client, "accepted");

    await mqtt.publish(`$queue/${queue}`, "x", { qos: 1 });

    expect(await depthOf(client, queue)).toBe(1);
  });

  test.concurrent("§5 mqtt5 → amqp: PUBCOMP, once", async () => {
    const [client, mqtt] = await Promise.all([world.amqp(), world.mqtt5()]);
    const { queue } = await freshQueue(client, "accepted");

    await mqtt.publish(`$queue/${queue}`, "x", { qos: 2 });

    expect(await depthOf(client, queue)).toBe(1);
    expect(mqtt.packets.all.map(({ cmd }) => cmd)).toStrictEqual(
      expect.arrayContaining(["connack", "pubrec", "pubcomp"]),
    );
  });

  for (const version of [4, 5] as const) {
    test.concurrent(
      `§5 mqtt${version === 5 ? 5 : "3.1.1"} → amqp: QoS 2 is once, also over a broken connection`,
      async () => {
        const client = await world.amqp();
        const { queue } = await freshQueue(client, "once");
        const url = world.broker.url("mqtt");
        const session = {
          clientId: queue,
          clean: false,
          ...(version === 5 ? { properties: { sessionExpiryInterval: 100 } } : {}),
        };
        const publish = {
          cmd: "publish",
          topic: `$queue/${queue}`,
          payload: "x",
          qos: 2,
          messageId: 7,
          retain: false,
        } as const;

        const first = await RawMqtt.connect(url, version, session);
        first.send({ ...publish, dup: false });
        await first.packets.next(({ cmd }) => cmd === "pubrec");
        first.close();
        const second = await RawMqtt.connect(url, version, session);
        second.send({ ...publish, dup: true });
        await second.packets.next(({ cmd }) => cmd === "pubrec");
        second.send({ cmd: "pubrel", messageId: 7 });
        await second.packets.next(({ cmd }) => cmd === "pubcomp");
        second.close();

        expect(await depthOf(client, queue)).toBe(1);
      },
    );
  }

  test.concurrent("§5 stomp1.2 → amqp: RECEIPT", async () => {
    const [client, sender] = await Promise.all([world.amqp(), world.stomp()]);
    const { queue } = await freshQueue(client, "accepted");

    await sender.send(`/amq/queue/${queue}`, "x");

    expect(await depthOf(client, queue)).toBe(1);
  });

  test.concurrent("§5 amqp → amqp: basic.ack of a confirm", async () => {
    const client = await world.amqp();
    const { queue } = await freshQueue(client, "accepted");

    await client.publish("", queue, "x");

    expect(await depthOf(client, queue)).toBe(1);
  });

  test.concurrent(
    "§5 stomp1.2 → mqtt5, amqp: COMMIT sends all, over queues and topics, and nothing before",
    async () => {
      const topic = freshTopic();
      const [sender, mqtt, client] = await Promise.all([world.rawStomp(), world.mqtt5(), world.amqp()]);
      const { queue } = await freshQueue(client, "committed");
      await mqtt.subscribe(topic);

      sender.send("BEGIN", ["transaction:t"]);
      sender.send("SEND", [`destination:/topic/${topic}`, "transaction:t"], "in the transaction");
      sender.send("SEND", [`destination:/amq/queue/${queue}`, "transaction:t"], "in the transaction");
      sender.send("SEND", [`destination:/topic/${topic}`, "receipt:outside"], "outside");
      await sender.frames.next();
      expect(await depthOf(client, queue)).toBe(0);
      sender.send("COMMIT", ["transaction:t", "receipt:commit"]);
      await sender.frames.next();

      expect(await depthOf(client, queue)).toBe(1);
      expect((await mqtt.arrivals.next()).body).toBe("outside");
      expect((await mqtt.arrivals.next()).body).toBe("in the transaction");
    },
  );

  test.concurrent("§5 stomp1.2: ABORT sends nothing", async () => {
    const [sender, client] = await Promise.all([world.rawStomp(), world.amqp()]);
    const { queue } = await freshQueue(client, "aborted");

    sender.send("BEGIN", ["transaction:t"]);
    sender.send("SEND", [`destination:/amq/queue/${queue}`, "transaction:t"], "x");
    sender.send("ABORT", ["transaction:t", "receipt:r"]);
    await sender.frames.next();

    expect(await depthOf(client, queue)).toBe(0);
  });

  test.concurrent(
    "§5 amqp → mqtt5: tx.commit sends all, over queues and topics, and nothing before",
    async () => {
      const topic = freshTopic();
      const [client, mqtt] = await Promise.all([world.amqp(), world.mqtt5()]);
      const { queue } = await freshQueue(client, "committed");
      await mqtt.subscribe(topic);
      const cloud = await CloudAmqp.connect(world.broker.url("amqp"));
      const channel = await cloud.connection.channel();
      await channel.txSelect();

      await channel.basicPublish("amq.topic", topic.replaceAll("/", "."), "in the transaction");
      await channel.basicPublish("", queue, "in the transaction");
      await client.publish("amq.topic", topic.replaceAll("/", "."), "outside");
      expect(await depthOf(client, queue)).toBe(0);
      await channel.txCommit();

      expect(await depthOf(client, queue)).toBe(1);
      expect((await mqtt.arrivals.next()).body).toBe("outside");
      expect((await mqtt.arrivals.next()).body).toBe("in the transaction");
      await cloud.close();
    },
  );

  for (const [from, publish] of [
    ["mqtt5 QoS 0", async (topic) => (await world.mqtt5()).publish(topic, "x")],
    [
      "stomp1.2 without receipt",
      async (topic) => {
        (await world.rawStomp()).send("SEND", [`destination:/topic/${topic}`], "x");
      },
    ],
    [
      "amqp without confirm",
      async (topic) => {
        const channel = await (await world.amqp()).openChannel();
        channel.publish("amq.topic", topic.replaceAll("/", "."), Buffer.from("x"));
      },
    ],
  ] satisfies [string, (topic: string) => Promise<unknown>][]) {
    test.concurrent(`§5 ${from}: accepted when parsed, without an answer`, async () => {
      const topic = freshTopic();
      const mqtt = await world.mqtt5();
      await mqtt.subscribe(topic);

      await publish(topic);

      expect((await mqtt.arrivals.next()).body).toBe("x");
    });
  }
});

/** A consumer of a queue in any protocol, with what it can do to a message. */
interface Consumer {
  next(): Promise<{ readonly body: string; readonly redelivered: boolean; settle(how: Settling): void }>;
  close(): Promise<void>;
}

type Settling = "ack" | "requeue" | "reject";

const CONSUMERS = {
  mqtt5: async (queue: string, window = 0): Promise<Consumer> => {
    const client: MqttJs = await world.mqtt5({
      holdsAcknowledgements: true,
      ...(window === 0 ? {} : { properties: { receiveMaximum: window } }),
    });
    await client.subscribe(`$queue/${queue}`, { qos: 1 });
    return {
      next: async () => {
        const { body, dup = false, settle: answer } = await client.arrivals.next();
        const settle = (how: Settling): void => {
          if (how === "requeue") void client.break();
          else answer?.(how === "ack" ? 0 : 0x83);
        };
        return { body, redelivered: dup, settle };
      },
      close: () => client.close(),
    };
  },
  "stomp1.2": async (queue: string, window = 0): Promise<Consumer> => {
    const client = await world.stomp();
    const inbox = await client.subscribe(`/amq/queue/${queue}`, {
      ack: "client-individual",
      ...(window === 0 ? {} : { "prefetch-count": String(window) }),
    });
    return {
      next: async () => {
        const { body, headers, settle } = await inbox.next();
        return { body, redelivered: headers["redelivered"] === "true", settle };
      },
      close: () => client.close(),
    };
  },
  amqp: async (queue: string, window = 0): Promise<Consumer> => {
    const client = await world.amqp();
    await client.channel.prefetch(window);
    const inbox = await client.consume(queue);
    return {
      next: () => inbox.next(),
      close: () => client.close(),
    };
  },
} as const;

const ENDS = ["mqtt5", "stomp1.2", "amqp"] as const;

describe("a consumer's act", () => {
  for (const end of ENDS) {
    test.concurrent(`§5 ${end}: settling takes the message from the queue`, async () => {
      const client = await world.amqp();
      const { queue, dead } = await freshQueue(client, "settled");
      const consumer = await CONSUMERS[end](queue);

      await client.publish("", queue, "x");
      (await consumer.next()).settle("ack");
      await client.publish("", queue, "last");
      (await consumer.next()).settle("ack");
      await consumer.close();

      expect(await depthOf(client, queue)).toBe(0);
      expect(await depthOf(client, dead)).toBe(0);
    });

    test.concurrent(`§5 ${end}: refusing without retry dead-letters`, async () => {
      const client = await world.amqp();
      const { queue, dead } = await freshQueue(client, "refused");
      const letters = await client.consume(dead, { noAck: true });
      const consumer = await CONSUMERS[end](queue);

      await client.publish("", queue, "x");
      (await consumer.next()).settle("reject");

      expect(await letters.next()).toMatchObject({
        body: "x",
        headers: { "x-first-death-reason": "rejected", "x-first-death-queue": queue },
      });
    });

    for (const other of ENDS) {
      test.concurrent(`§5 ${end} → ${other}: refusing with retry, and the mark of redelivery`, async () => {
        const client = await world.amqp();
        const { queue } = await freshQueue(client, "retried");
        const first = await CONSUMERS[end](queue);
        await client.publish("", queue, "x");
        const delivery = await first.next();
        expect(delivery).toMatchObject({ body: "x", redelivered: false });

        const second = await CONSUMERS[other](queue);
        if (end === "mqtt5") {
          delivery.settle("requeue");
        } else {
          // The first consumer must be gone, or it may get the message again.
          await first.close();
        }

        // DUP is for the same session and packet only.
        expect(await second.next()).toMatchObject({ body: "x", redelivered: other !== "mqtt5" });
      });
    }

    test.concurrent(`§5 ${end}: the window bounds what is unsettled`, async () => {
      const client = await world.amqp();
      const { queue } = await freshQueue(client, "window");
      const narrow = await CONSUMERS[end](queue, 1);
      await client.publish("", queue, "1");
      const first = await narrow.next();

      await client.publish("", queue, "2");
      await client.publish("", queue, "3");
      expect(await depthOf(client, queue)).toBe(2);
      first.settle("ack");

      expect((await narrow.next()).body).toBe("2");
      expect(await depthOf(client, queue)).toBe(1);
    });
  }

  test.concurrent("§5 stomp1.2: activemq.prefetchSize is a window too", async () => {
    const [client, stompClient] = await Promise.all([world.amqp(), world.stomp()]);
    const { queue } = await freshQueue(client, "window");
    const inbox = await stompClient.subscribe(`/amq/queue/${queue}`, {
      ack: "client",
      "activemq.prefetchSize": "1",
    });

    await client.publish("", queue, "1");
    await inbox.next();
    await client.publish("", queue, "2");

    expect(await depthOf(client, queue)).toBe(1);
  });

  test.concurrent("§5 stomp1.2: ACK of mode client is cumulative", async () => {
    const [client, stompClient] = await Promise.all([world.amqp(), world.stomp()]);
    const { queue } = await freshQueue(client, "cumulative");
    const inbox = await stompClient.subscribe(`/amq/queue/${queue}`, { ack: "client" });
    for (const body of ["1", "2", "3"]) await client.publish("", queue, body);

    await inbox.next();
    const second = await inbox.next();
    await inbox.next();
    second.settle("ack");
    await stompClient.close();

    const rest = await client.consume(queue, { noAck: true });
    expect(await rest.next()).toMatchObject({ body: "3", redelivered: true });
  });

  test.concurrent("§5 stomp1.2: NACK puts back", async () => {
    const [client, stompClient] = await Promise.all([world.amqp(), world.stomp()]);
    const { queue } = await freshQueue(client, "nacked");
    const inbox = await stompClient.subscribe(`/amq/queue/${queue}`, { ack: "client-individual" });
    await client.publish("", queue, "x");

    (await inbox.next()).settle("requeue");

    expect((await inbox.next()).headers).toMatchObject({ redelivered: "true" });
  });

  test.concurrent("§5 amqp: basic.nack with requeue puts back", async () => {
    const client = await world.amqp();
    const { queue } = await freshQueue(client, "nacked");
    const inbox = await client.consume(queue);
    await client.publish("", queue, "x");

    (await inbox.next()).settle("requeue");

    expect(await inbox.next()).toMatchObject({ redelivered: true, body: "x" });
  });

  for (const from of ENDS) {
    test.concurrent(`§5 ${from} → amqp: x-delivery-count is how often it came back`, async () => {
      const client = await world.amqp();
      const queue = `counted-${from}`;
      // As in RabbitMQ, where quorum queues count and classic ones do not.
      await client.channel.assertQueue(queue, { arguments: { "x-queue-type": "quorum" } });
      const inbox = await client.consume(queue);

      if (from === "mqtt5") await (await world.mqtt5()).publish(`$queue/${queue}`, "x", { qos: 1 });
      else if (from === "stomp1.2") await (await world.stomp()).send(`/amq/queue/${queue}`, "x");
      else await client.publish("", queue, "x");
      (await inbox.next()).settle("requeue");
      const second = await inbox.next();
      second.settle("requeue");

      expect(second).toMatchObject({ redelivered: true, headers: { "x-delivery-count": 1 } });
      expect(await inbox.next()).toMatchObject({ redelivered: true, headers: { "x-delivery-count": 2 } });
    });
  }

  test.concurrent("§5 amqp: basic.ack with multiple settles all before", async () => {
    const client = await world.amqp();
    const { queue } = await freshQueue(client, "multiple");
    const consumer = await world.amqp();
    const inbox = await consumer.consume(queue);
    for (const body of ["1", "2", "3"]) await client.publish("", queue, body);

    await inbox.next();
    (await inbox.next()).settle("ack-all");
    await inbox.next();
    await consumer.close();

    const rest = await client.consume(queue, { noAck: true });
    expect(await rest.next()).toMatchObject({ body: "3" });
  });

  test.concurrent("§5 amqp → mqtt5: DUP marks the same packet in the same session", async () => {
    const [client, topic] = [await world.amqp(), freshTopic()];
    const connect = { clientId: "same-session", properties: { sessionExpiryInterval: 100 } };
    const first = await world.mqtt5({ ...connect, clean: true, holdsAcknowledgements: true });
    await first.subscribe(topic, { qos: 1 });
    await client.publish("amq.topic", topic.replaceAll("/", "."), "x");
    await first.arrivals.next();
    await first.break();

    const second = await world.mqtt5({ ...connect, clean: false });

    expect(await second.arrivals.next()).toMatchObject({ body: "x", dup: true });
  });

  for (const end of ENDS) {
    test.concurrent(`§5 ${end}: in automatic mode a message that was sent is settled`, async () => {
      const client = await world.amqp();
      const { queue } = await freshQueue(client, "automatic");
      await client.publish("", queue, "x");

      if (end === "mqtt5") {
        const mqtt = await world.mqtt5();
        await mqtt.subscribe(`$queue/${queue}`, { qos: 0 });
        expect(await mqtt.arrivals.next()).toMatchObject({ body: "x", qos: 0 });
        await mqtt.close();
      } else if (end === "stomp1.2") {
        const stompClient = await world.stomp();
        await (await stompClient.subscribe(`/amq/queue/${queue}`, { ack: "auto" })).next();
        await stompClient.close();
      } else {
        const consumer = await world.amqp();
        await (await consumer.consume(queue, { noAck: true })).next();
        await consumer.close();
      }

      expect(await depthOf(client, queue)).toBe(0);
    });
  }
});
