import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshTopic } from "./cross.ts";
import { World } from "./world.ts";

let world: World;

beforeAll(async () => {
  world = await World.start();
});
afterAll(async () => {
  await world.stop();
});

const keyOf = (topic: string): string => topic.replaceAll("/", ".");

describe("an MQTT session", () => {
  for (const from of ["mqtt5", "amqp", "stomp1.2"] as const) {
    for (const version of ["mqtt5", "mqtt3.1.1"] as const) {
      test.concurrent(
        `§7 ${from} → ${version}: a kept session gets what came while its client was away`,
        async () => {
          const topic = freshTopic();
          const clientId = `kept-${from}-${version}`;
          const open = (clean: boolean) =>
            version === "mqtt5"
              ? world.mqtt5({ clientId, clean, properties: { sessionExpiryInterval: 100 } })
              : world.mqtt3({ clientId, clean });
          const first = await open(false);
          await first.subscribe(topic, { qos: 1 });
          await first.close();

          if (from === "mqtt5") await (await world.mqtt5()).publish(topic, "x", { qos: 1 });
          else if (from === "amqp") await (await world.amqp()).publish("amq.topic", keyOf(topic), "x");
          else await (await world.stomp()).send(`/topic/${topic}`, "x");
          const second = await open(false);

          expect(await second.arrivals.next()).toMatchObject({ topic, body: "x", qos: 1 });
        },
      );
    }
  }

  test.concurrent("§7 mqtt5, amqp: a kept session is the durable queue mqtt.<clientId>", async () => {
    const topic = freshTopic();
    const [kept, amqp] = await Promise.all([
      world.mqtt5({ clientId: "seen-as-queue", properties: { sessionExpiryInterval: 100 } }),
      world.amqp(),
    ]);
    await kept.subscribe(topic, { qos: 1 });
    await kept.close();

    await amqp.publish("amq.topic", keyOf(topic), "x");

    expect(await amqp.channel.checkQueue("mqtt.seen-as-queue")).toMatchObject({ messageCount: 1 });
    expect(await amqp.channel.purgeQueue("mqtt.seen-as-queue")).toMatchObject({ messageCount: 1 });
  });

  test.concurrent("§7 mqtt5: a clean session is over when its client is gone", async () => {
    const topic = freshTopic();
    const clientId = "clean-session";
    const first = await world.mqtt5({ clientId, clean: true });
    await first.subscribe(topic, { qos: 1 });
    await first.close();

    const publisher = await world.mqtt5();
    await publisher.publish(topic, "while away", { qos: 1 });
    const second = await world.mqtt5({ clientId, clean: false });
    await second.subscribe(`${topic}/mark`, { qos: 1 });
    await publisher.publish(`${topic}/mark`, "mark", { qos: 1 });

    expect((await second.arrivals.next()).body).toBe("mark");
  });

  test.concurrent("§7 mqtt5: a clean session is not another's to consume", async () => {
    const [clean, amqp] = await Promise.all([world.mqtt5({ clientId: "clean-one" }), world.amqp()]);
    await clean.subscribe(freshTopic(), { qos: 1 });
    const channel = await amqp.openChannel();

    await expect(channel.consume("mqtt.clean-one", () => {})).rejects.toThrow(/40[345]/);
  });

  test.concurrent("§7 mqtt5 → mqtt5: No Local", async () => {
    const topic = freshTopic();
    const [both, other] = await Promise.all([world.mqtt5(), world.mqtt5()]);
    await both.subscribe(topic, { nl: true });

    await both.publish(topic, "own", { qos: 1 });
    await other.publish(topic, "other's", { qos: 1 });

    expect((await both.arrivals.next()).body).toBe("other's");
  });

  test.concurrent("§7 stomp1.2 → stomp1.2: no-local:true", async () => {
    const topic = freshTopic();
    const [both, other] = await Promise.all([world.stomp(), world.stomp()]);
    const inbox = await both.subscribe(`/topic/${topic}`, { "no-local": "true" });

    await both.send(`/topic/${topic}`, "own");
    await other.send(`/topic/${topic}`, "other's");

    expect((await inbox.next()).body).toBe("other's");
  });

  test.concurrent("§7 amqp → amqp: no_local is ignored for queues", async () => {
    const amqp = await world.amqp();
    const { queue } = await amqp.channel.assertQueue("", { exclusive: true });
    const inbox = await amqp.consume(queue, { noLocal: true, noAck: true });

    await amqp.publish("", queue, "own");

    expect((await inbox.next()).body).toBe("own");
  });
});

describe("a STOMP subscription", () => {
  test.concurrent("§7 amqp → stomp1.2: on /topic is gone with its connection", async () => {
    const topic = freshTopic();
    const [first, amqp] = await Promise.all([world.stomp(), world.amqp()]);
    await first.subscribe(`/topic/${topic}`, { id: "a" });
    await first.close();

    await amqp.publish("amq.topic", keyOf(topic), "while away");
    const second = await world.stomp();
    const inbox = await second.subscribe(`/topic/${topic}`, { id: "a" });
    await amqp.publish("amq.topic", keyOf(topic), "present");

    expect((await inbox.next()).body).toBe("present");
  });

  const durable: readonly [
    name: string,
    connect: Record<string, string>,
    subscribe: Record<string, string>,
  ][] = [
    ["durable:true, id, auto-delete:false", {}, { durable: "true", "auto-delete": "false", id: "d1" }],
    [
      "client-id and durable-subscription-name",
      { "client-id": "app-1" },
      { "durable-subscription-name": "d2", id: "d2" },
    ],
    [
      "client-id and activemq.subscriptionName",
      { "client-id": "app-2" },
      { "activemq.subscriptionName": "d3", id: "d3" },
    ],
  ];
  for (const [name, connect, subscribe] of durable) {
    for (const from of ["mqtt5", "amqp", "stomp1.2"] as const) {
      test.concurrent(`§7 ${from} → stomp1.2: durable by ${name}`, async () => {
        const topic = freshTopic();
        const ids = Object.fromEntries(
          Object.entries(subscribe).map(([key, value]) => [
            key,
            ["id", "durable-subscription-name", "activemq.subscriptionName"].includes(key)
              ? `${value}-${from}`
              : value,
          ]),
        );
        const first = await world.stomp("1.2", connect);
        await first.subscribe(`/topic/${topic}`, ids);
        await first.close();

        if (from === "mqtt5") await (await world.mqtt5()).publish(topic, "while away", { qos: 1 });
        else if (from === "amqp") await (await world.amqp()).publish("amq.topic", keyOf(topic), "while away");
        else await (await world.stomp()).send(`/topic/${topic}`, "while away");
        const second = await world.stomp("1.2", connect);
        const inbox = await second.subscribe(`/topic/${topic}`, ids);

        expect((await inbox.next()).body).toBe("while away");
      });
    }
  }

  test.concurrent(
    "§7 stomp1.2, amqp: a durable one is the queue stomp.<login>.<id>, which AMQP may consume",
    async () => {
      const topic = freshTopic();
      const [stomp, amqp] = await Promise.all([world.stomp(), world.amqp()]);
      await stomp.subscribe(`/topic/${topic}`, { durable: "true", "auto-delete": "false", id: "for-amqp" });
      await stomp.close();
      await amqp.publish("amq.topic", keyOf(topic), "x");

      const inbox = await amqp.consume("stomp.guest.for-amqp");

      expect(await inbox.next()).toMatchObject({
        body: "x",
        exchange: "amq.topic",
        routingKey: keyOf(topic),
      });
    },
  );

  test.concurrent("§7 stomp1.2, amqp: the header x-queue-name names the queue", async () => {
    const topic = freshTopic();
    const [stomp, amqp] = await Promise.all([world.stomp(), world.amqp()]);
    await stomp.subscribe(`/topic/${topic}`, {
      durable: "true",
      "auto-delete": "false",
      id: "named",
      "x-queue-name": "named-by-stomp",
    });
    await stomp.close();
    await amqp.publish("amq.topic", keyOf(topic), "x");

    expect(await amqp.channel.checkQueue("named-by-stomp")).toMatchObject({ messageCount: 1 });
  });
});

describe("a shared subscription", () => {
  for (const from of ["mqtt5", "amqp", "stomp1.2"] as const) {
    test.concurrent(`§7 ${from} → mqtt5: $share divides the messages`, async () => {
      const topic = freshTopic();
      const [one, two] = await Promise.all([world.mqtt5(), world.mqtt5()]);
      await one.subscribe(`$share/group-${from}/${topic}`, { qos: 1 });
      await two.subscribe(`$share/group-${from}/${topic}`, { qos: 1 });

      for (const body of ["1", "2", "3", "4"]) {
        if (from === "mqtt5") await (await world.mqtt5()).publish(topic, body, { qos: 1 });
        else if (from === "amqp") await (await world.amqp()).publish("amq.topic", keyOf(topic), body);
        else await (await world.stomp()).send(`/topic/${topic}`, body);
      }

      const ones = [await one.arrivals.next(), await one.arrivals.next()];
      const twos = [await two.arrivals.next(), await two.arrivals.next()];
      const bodies = [...ones, ...twos].map(({ body }) => body);
      expect(bodies.toSorted()).toStrictEqual(["1", "2", "3", "4"]);
      expect(ones[0]?.topic).toBe(topic);
    });
  }

  for (const end of ["stomp1.2", "amqp"] as const) {
    test.concurrent(`§7 mqtt5 → mqtt5, ${end}: a mixed group through the queue share.G.<F>`, async () => {
      const topic = freshTopic();
      const group = end === "amqp" ? "with-amqp" : "with-stomp";
      const [member, publisher] = await Promise.all([world.mqtt5(), world.mqtt5()]);
      await member.subscribe(`$share/${group}/${topic}`, { qos: 1 });
      const queue = `share.${group}.${topic}`;
      const next = await (end === "amqp" ? consumeByAmqp(queue) : consumeByStomp(queue));

      for (const body of ["1", "2"]) await publisher.publish(topic, body, { qos: 1 });

      const bodies = [(await member.arrivals.next()).body, await next()];
      expect(bodies.toSorted()).toStrictEqual(["1", "2"]);
    });
  }

  test.concurrent("§7 mqtt5 → mqtt5: $queue/F shares F when there is no queue of that name", async () => {
    const topic = freshTopic();
    const [one, two, publisher] = await Promise.all([world.mqtt5(), world.mqtt5(), world.mqtt5()]);
    await one.subscribe(`$queue/${topic}`, { qos: 1 });
    await two.subscribe(`$queue/${topic}`, { qos: 1 });

    for (const body of ["1", "2"]) await publisher.publish(topic, body, { qos: 1 });

    const bodies = [(await one.arrivals.next()).body, (await two.arrivals.next()).body];
    expect(bodies.toSorted()).toStrictEqual(["1", "2"]);
  });

  test.concurrent("§7 amqp → amqp, mqtt5: competing consumers of a queue", async () => {
    const [amqp, mqtt] = await Promise.all([world.amqp(), world.mqtt5()]);
    await amqp.channel.assertQueue("compete");
    const inbox = await amqp.consume("compete", { noAck: true });
    await mqtt.subscribe("$queue/compete", { qos: 1 });

    for (const body of ["1", "2"]) await amqp.publish("", "compete", body);

    const bodies = [(await inbox.next()).body, (await mqtt.arrivals.next()).body];
    expect(bodies.toSorted()).toStrictEqual(["1", "2"]);
  });
});

describe("an exclusive consumer", () => {
  test.concurrent("§7 amqp, stomp1.2: STOMP's exclusive:true keeps others out", async () => {
    const [amqp, stomp] = await Promise.all([world.amqp(), world.stomp()]);
    await amqp.channel.assertQueue("only-stomp");
    const inbox = await stomp.subscribe("/amq/queue/only-stomp", { exclusive: "true" });
    const channel = await amqp.openChannel();

    await expect(channel.consume("only-stomp", () => {})).rejects.toThrow(/403/);
    await amqp.publish("", "only-stomp", "x");
    expect((await inbox.next()).body).toBe("x");
  });

  test.concurrent("§7 amqp, mqtt5: AMQP's exclusive consumer keeps others out", async () => {
    const [amqp, mqtt] = await Promise.all([world.amqp(), world.mqtt5()]);
    await amqp.channel.assertQueue("only-amqp");
    const inbox = await amqp.consume("only-amqp", { exclusive: true, noAck: true });

    const granted = await mqtt.subscribe("$queue/only-amqp", { qos: 1 }).catch((error: Error) => error);
    await amqp.publish("", "only-amqp", "x");

    expect(granted).not.toStrictEqual([1]);
    expect((await inbox.next()).body).toBe("x");
  });

  test.concurrent("§7 mqtt5: $exclusive/<topic> keeps other MQTT clients out", async () => {
    const topic = freshTopic();
    const [one, two] = await Promise.all([world.mqtt5(), world.mqtt5()]);
    expect(await one.subscribe(`$exclusive/${topic}`, { qos: 1 })).toStrictEqual([1]);

    const granted = await two.subscribe(`$exclusive/${topic}`, { qos: 1 }).catch((error: Error) => error);
    await two.publish(topic, "x", { qos: 1 });

    expect(granted).not.toStrictEqual([1]);
    expect(await one.arrivals.next()).toMatchObject({ topic, body: "x" });
  });

  test.concurrent("§7 amqp, mqtt5: single active consumer, with the other protocol in reserve", async () => {
    const [amqp, mqtt, publisher] = await Promise.all([world.amqp(), world.mqtt5(), world.amqp()]);
    await amqp.channel.assertQueue("one-active", { arguments: { "x-single-active-consumer": true } });
    const inbox = await amqp.consume("one-active", { noAck: true });
    await mqtt.subscribe("$queue/one-active", { qos: 1 });

    await publisher.publish("", "one-active", "1");
    await publisher.publish("", "one-active", "2");
    expect((await inbox.next()).body).toBe("1");
    expect((await inbox.next()).body).toBe("2");
    await amqp.close();
    await publisher.publish("", "one-active", "3");

    expect((await mqtt.arrivals.next()).body).toBe("3");
  });
});

async function consumeByAmqp(queue: string): Promise<() => Promise<string>> {
  const inbox = await (await world.amqp()).consume(queue, { noAck: true });
  return async () => (await inbox.next()).body;
}

async function consumeByStomp(queue: string): Promise<() => Promise<string>> {
  const inbox = await (await world.stomp()).subscribe(`/amq/queue/${queue}`);
  return async () => (await inbox.next()).body;
}
