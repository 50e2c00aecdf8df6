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

/** Sets, or with an empty body clears, what is retained for a topic. */
const RETAIN = {
  mqtt5: async (topic: string, body: string): Promise<void> => {
    await (await world.mqtt5()).publish(topic, body, { qos: 1, retain: true });
  },
  "mqtt3.1.1": async (topic: string, body: string): Promise<void> => {
    await (await world.mqtt3()).publish(topic, body, { qos: 1, retain: true });
  },
  "stomp1.2": async (topic: string, body: string): Promise<void> => {
    await (await world.stomp()).send(`/topic/${topic}`, body, { retain: "true" });
  },
  amqp: async (topic: string, body: string): Promise<void> => {
    await (await world.amqp()).publish("amq.topic", keyOf(topic), body, { headers: { "x-retain": true } });
  },
} as const;

interface Seen {
  readonly body: string;
  readonly topic: string;
  /** The receiver was told that this is a retained copy. */
  readonly isRetained: boolean;
}

/** Subscribes anew and reads what comes. */
const SUBSCRIBE = {
  mqtt5: async (filter: string): Promise<() => Promise<Seen>> => {
    const client = await world.mqtt5();
    await client.subscribe(filter, { qos: 1 });
    return async () => {
      const { body, topic, retain = false } = await client.arrivals.next();
      return { body, topic, isRetained: retain };
    };
  },
  "mqtt3.1.1": async (filter: string): Promise<() => Promise<Seen>> => {
    const client = await world.mqtt3();
    await client.subscribe(filter, { qos: 1 });
    return async () => {
      const { body, topic, retain = false } = await client.arrivals.next();
      return { body, topic, isRetained: retain };
    };
  },
  "stomp1.2": async (filter: string): Promise<() => Promise<Seen>> => {
    const inbox = await (await world.stomp()).subscribe(`/topic/${filter}`);
    return async () => {
      const { body, headers } = await inbox.next();
      const topic = (headers["destination"] ?? "").replace("/topic/", "");
      return { body, topic, isRetained: headers["retained"] === "true" };
    };
  },
  amqp: async (filter: string): Promise<() => Promise<Seen>> => {
    const pattern = keyOf(filter).replaceAll("+", "*");
    const inbox = await (await world.amqp()).subscribe(pattern, { "x-retained": true });
    return async () => {
      const { body, routingKey, headers } = await inbox.next();
      return { body, topic: routingKey.replaceAll(".", "/"), isRetained: headers["x-retain"] === true };
    };
  },
} as const;

const ENDS = ["mqtt5", "mqtt3.1.1", "stomp1.2", "amqp"] as const;

describe("a retained message", () => {
  for (const from of ENDS) {
    for (const to of ENDS) {
      test.concurrent(`§8 ${from} → ${to}: set, seen by whoever comes later, cleared`, async () => {
        const topic = freshTopic();
        await RETAIN[from](topic, "state");

        const next = await SUBSCRIBE[to](topic);
        expect(await next()).toStrictEqual({ body: "state", topic, isRetained: true });

        await RETAIN[from](topic, "");
        await RETAIN.mqtt5(`${topic}/mark`, "mark");
        const later = await SUBSCRIBE[to](`${topic}/#`);
        expect(await later()).toMatchObject({ body: "mark" });
      });
    }

    test.concurrent(`§8 mqtt5 → ${from}: wildcards find what is retained`, async () => {
      const topic = freshTopic();
      await RETAIN.mqtt5(`${topic}/a/x`, "a");
      await RETAIN.mqtt5(`${topic}/b/x`, "b");

      const next = await SUBSCRIBE[from](`${topic}/+/x`);

      const bodies = [(await next()).body, (await next()).body];
      expect(bodies.toSorted()).toStrictEqual(["a", "b"]);
    });
  }

  test.concurrent("§8 mqtt5 → amqp: without the binding argument nothing retained comes", async () => {
    const topic = freshTopic();
    await RETAIN.mqtt5(topic, "state");

    const amqp = await world.amqp();
    const inbox = await amqp.subscribe(keyOf(topic));
    await amqp.publish("amq.topic", keyOf(topic), "live");

    expect((await inbox.next()).body).toBe("live");
  });

  test.concurrent("§8 mqtt5 → stomp1.2: retained:false refuses", async () => {
    const topic = freshTopic();
    await RETAIN.mqtt5(topic, "state");

    const stomp = await world.stomp();
    const inbox = await stomp.subscribe(`/topic/${topic}`, { retained: "false" });
    await stomp.send(`/topic/${topic}`, "live");

    expect((await inbox.next()).body).toBe("live");
  });

  for (const rh of [0, 1, 2] as const) {
    test.concurrent(`§8 amqp → mqtt5: Retain Handling ${rh}`, async () => {
      const topic = freshTopic();
      await RETAIN.amqp(topic, "state");
      const mqtt = await world.mqtt5();

      await mqtt.subscribe(topic, { qos: 1, rh });
      await mqtt.subscribe(topic, { qos: 1, rh });
      await mqtt.publish(topic, "live", { qos: 1 });

      const copies = { 0: 2, 1: 1, 2: 0 }[rh];
      for (let copy = 0; copy < copies; copy += 1) {
        expect(await mqtt.arrivals.next()).toMatchObject({ body: "state", retain: true });
      }
      expect(await mqtt.arrivals.next()).toMatchObject({ body: "live" });
    });
  }

  for (const from of ["mqtt5", "stomp1.2", "amqp"] as const) {
    test.concurrent(`§8 ${from} → mqtt5: a live copy has RETAIN only with Retain As Published`, async () => {
      const topic = freshTopic();
      const [plain, asPublished, old] = await Promise.all([world.mqtt5(), world.mqtt5(), world.mqtt3()]);
      await plain.subscribe(topic);
      await asPublished.subscribe(topic, { rap: true });
      await old.subscribe(topic);

      await RETAIN[from](topic, "live");

      expect(await plain.arrivals.next()).toMatchObject({ retain: false });
      expect(await asPublished.arrivals.next()).toMatchObject({ retain: true });
      expect(await old.arrivals.next()).toMatchObject({ retain: false });
    });
  }

  for (const from of ["mqtt5", "stomp1.2", "amqp"] as const) {
    test.concurrent(`§8 ${from} → stomp1.2, amqp: a live copy shows the publisher's intent`, async () => {
      const topic = freshTopic();
      const stomp = await (await world.stomp()).subscribe(`/topic/${topic}`);
      const amqp = await (await world.amqp()).subscribe(keyOf(topic));

      await RETAIN[from](topic, "live");

      const { headers } = await stomp.next();
      expect(headers).toMatchObject({ retain: "true" });
      expect(headers).not.toHaveProperty("retained");
      expect(await amqp.next()).toMatchObject({ headers: { "x-retain": true } });
    });
  }

  test.concurrent("§8 mqtt5 → mqtt5: a retained copy dies at its expiry", async () => {
    const topic = freshTopic();
    const amqp = await world.amqp();
    const dead = await amqp.subscribe("retained.expired");
    await amqp.channel.assertQueue("retained-witness", {
      exclusive: true,
      deadLetterExchange: "amq.topic",
      deadLetterRoutingKey: "retained.expired",
    });
    await amqp.channel.bindQueue("retained-witness", "amq.topic", keyOf(topic));

    const headers = { "x-retain": true };
    await amqp.publish("amq.topic", keyOf(topic), "late", { headers, expiration: "30" });
    await dead.next();
    await RETAIN.mqtt5(`${topic}/mark`, "mark");

    const next = await SUBSCRIBE.mqtt5(`${topic}/#`);
    expect(await next()).toMatchObject({ body: "mark" });
  });

  test.concurrent("§8 amqp → mqtt5: x-retain outside the topic space retains nothing", async () => {
    const topic = freshTopic();
    const amqp = await world.amqp();
    await amqp.channel.assertExchange("no-retaining", "topic", { durable: false });
    await amqp.publish("no-retaining", keyOf(topic), "x", { headers: { "x-retain": true } });
    await RETAIN.mqtt5(`${topic}/mark`, "mark");

    const next = await SUBSCRIBE.mqtt5(`${topic}/#`);

    expect(await next()).toMatchObject({ body: "mark" });
  });

  test.concurrent("§8 mqtt5 → mqtt5: properties of a retained message are kept", async () => {
    const topic = freshTopic();
    const fields = { contentType: "c", correlationData: "hex:ff", userProperties: { a: ["1", "2"] } };
    await (await world.mqtt5()).publish(topic, "x", { retain: true, qos: 1, ...fields });

    const mqtt = await world.mqtt5();
    await mqtt.subscribe(topic);

    expect(await mqtt.arrivals.next()).toMatchObject(fields);
  });
});

describe("a will", () => {
  const ends = ["mqtt5", "stomp1.2", "amqp"] as const;
  for (const to of ends) {
    test.concurrent(`§8 mqtt5 → ${to}: is published when the connection breaks`, async () => {
      const topic = freshTopic();
      const next = await SUBSCRIBE[to](topic);
      const doomed = await world.mqtt5({
        will: { topic, payload: Buffer.from("gone"), qos: 1, retain: false },
      });

      await doomed.break();

      expect(await next()).toMatchObject({ body: "gone", topic });
    });

    test.concurrent(`§8 mqtt3.1.1 → ${to}: is published when the connection breaks`, async () => {
      const topic = freshTopic();
      const next = await SUBSCRIBE[to](topic);
      const doomed = await world.mqtt3({
        will: { topic, payload: Buffer.from("gone"), qos: 1, retain: false },
      });

      await doomed.break();

      expect(await next()).toMatchObject({ body: "gone", topic });
    });

    test.concurrent(`§8 mqtt5 → ${to}: a retained will, with delay, is retained`, async () => {
      const topic = freshTopic();
      const live = await SUBSCRIBE[to](topic);
      const doomed = await world.mqtt5({
        properties: { sessionExpiryInterval: 100 },
        will: {
          topic,
          payload: Buffer.from("gone"),
          qos: 1,
          retain: true,
          properties: { willDelayInterval: 1 },
        },
      });

      await doomed.break();
      expect(await live()).toMatchObject({ body: "gone" });

      const later = await SUBSCRIBE[to](topic);
      expect(await later()).toMatchObject({ body: "gone", isRetained: true });
    });
  }

  test.concurrent("§8 mqtt5 → mqtt5: is not published after DISCONNECT", async () => {
    const topic = freshTopic();
    const next = await SUBSCRIBE.mqtt5(`${topic}/#`);
    const polite = await world.mqtt5({
      will: { topic, payload: Buffer.from("gone"), qos: 1, retain: false },
    });

    await polite.close();
    await RETAIN.mqtt5(`${topic}/mark`, "mark");

    expect(await next()).toMatchObject({ body: "mark" });
  });

  test.concurrent("§8 mqtt5 → mqtt5: a delayed will is not published when its session goes on", async () => {
    const topic = freshTopic();
    const next = await SUBSCRIBE.mqtt5(`${topic}/#`);
    const kept = (name: string) => ({
      clientId: `${topic}-${name}`,
      clean: false,
      properties: { sessionExpiryInterval: 100 },
      will: {
        topic: `${topic}/${name}`,
        payload: Buffer.from(name),
        qos: 1,
        retain: false,
        properties: { willDelayInterval: 1 },
      } as const,
    });
    const [returning, leaving] = await Promise.all([
      world.mqtt5(kept("returns")),
      world.mqtt5(kept("leaves")),
    ]);

    await returning.break();
    await world.mqtt5(kept("returns"));
    // Its will is due after the other's would have been.
    await leaving.break();

    expect(await next()).toMatchObject({ body: "leaves" });
  });

  test.concurrent("§8 mqtt5 → amqp: a will's properties cross as a message's do", async () => {
    const topic = freshTopic();
    const inbox = await (await world.amqp()).subscribe(keyOf(topic));
    const doomed = await world.mqtt5({
      will: {
        topic,
        payload: Buffer.from("gone"),
        qos: 1,
        retain: false,
        properties: { contentType: "text/plain", userProperties: { a: "b" } },
      },
    });

    await doomed.break();

    expect(await inbox.next()).toMatchObject({
      contentType: "text/plain",
      headers: { a: "b" },
      deliveryMode: 2,
    });
  });

  test.concurrent("§8 mqtt5 → mqtt5: is published on the broker's shutdown", async () => {
    const other = await World.start();
    const doomed = await other.mqtt5({
      will: { topic: "last/words", payload: Buffer.from("gone"), qos: 1, retain: false },
    });
    const watcher = await other.mqtt5();
    await watcher.subscribe("last/words", { qos: 1 });

    const stopping = other.broker.close();

    expect((await watcher.arrivals.next()).body).toBe("gone");
    await doomed.closed;
    await stopping;
  });
});
