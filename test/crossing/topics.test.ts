import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MATCHING, SPELLINGS, type Spelling, UNNAMEABLE } from "./topics.vectors.ts";
import { World } from "./world.ts";

let world: World;

beforeAll(async () => {
  world = await World.start();
});
afterAll(async () => {
  await world.stop();
});

type Style = keyof Spelling;

/** Subscribes to exactly one topic; gives the address under which a body arrives. */
async function subscribe(style: Style, address: string): Promise<(body: string) => Promise<string>> {
  if (style === "mqtt") {
    const client = await world.mqtt5();
    await client.subscribe(address);
    return async (wanted) => (await client.arrivals.next(({ body }) => body === wanted)).topic;
  }
  if (style === "key") {
    const client = await world.amqp();
    const { queue } = await client.channel.assertQueue("", { exclusive: true });
    // A key may hold `*` or `#` that are meant, which no binding of the topic exchange can say.
    await client.channel.bindQueue(queue, "amq.topic", address.replaceAll("#", "*"));
    const inbox = await client.consume(queue, { noAck: true });
    return async (wanted) => (await inbox.next(({ body }) => body === wanted)).routingKey;
  }
  const client = await world.stomp();
  const inbox = await client.subscribe(address);
  return async (wanted) => (await inbox.next(({ body }) => body === wanted)).headers["destination"] ?? "";
}

async function publish(style: Style, address: string, body: string): Promise<void> {
  if (style === "mqtt") await (await world.mqtt5()).publish(address, body, { qos: 1 });
  else if (style === "key") await (await world.amqp()).publish("amq.topic", address, body);
  else await (await world.stomp()).send(address, body);
}

describe("a topic", () => {
  const styles = ["mqtt", "key", "dot", "slash"] as const;
  let bodies = 0;
  for (const spelling of SPELLINGS) {
    for (const from of styles) {
      for (const to of styles) {
        const [sent, wanted] = [spelling[from], spelling[to]];
        if (sent === undefined || wanted === undefined) continue;
        test.concurrent(`§3.2 ${from} ${sent} is ${to} ${wanted}`, async () => {
          const body = `body ${++bodies}`;
          const next = await subscribe(to, wanted);

          await publish(from, sent, body);

          expect(await next(body)).toBe(wanted);
        });
      }
    }
  }

  for (const { key, dot, mqtt } of UNNAMEABLE) {
    for (const from of ["key", "dot"] as const) {
      const sent = from === "key" ? key : dot;
      test.concurrent(`§3.2 ${from} ${JSON.stringify(sent)} reaches MQTT as ${mqtt}`, async () => {
        const client = await world.mqtt5();
        await client.subscribe("q/+");

        await publish(from, sent, `${from} ${key}`);

        const { topic } = await client.arrivals.next(({ body }) => body === `${from} ${key}`);
        expect(topic).toBe(mqtt);
      });
    }
  }

  test.concurrent("§3.2 an empty routing key is not delivered to MQTT, and disturbs nothing", async () => {
    const [mqtt, amqp] = await Promise.all([world.mqtt5(), world.amqp()]);
    await mqtt.subscribe("#");
    await mqtt.subscribe("marker/of/empty");
    const inbox = await amqp.subscribe("#");

    await amqp.publish("amq.topic", "", "to the empty topic");
    await amqp.publish("amq.topic", "marker.of.empty", "marker of empty");

    expect(await inbox.next(({ body }) => body === "to the empty topic")).toMatchObject({ routingKey: "" });
    await mqtt.arrivals.next(({ body }) => body === "marker of empty");
    expect(mqtt.arrivals.all.map(({ body }) => body)).not.toContain("to the empty topic");
  });

  test.concurrent(
    "§3.2 a topic of more than 255 bytes is matched in full, cut for AMQP, whole in x-topic",
    async () => {
      const long = `long/${"é".repeat(130)}/end`;
      const [mqtt, amqp] = await Promise.all([world.mqtt5(), world.amqp()]);
      const inbox = await amqp.subscribe("long.*.end");

      await mqtt.publish(long, "x");

      const { routingKey, headers } = await inbox.next();
      expect(routingKey).toBe(`long.${"é".repeat(125)}`);
      expect(headers).toMatchObject({ "x-topic": long });
    },
  );

  test.concurrent("§3.2 STOMP: x-topic is there when the destination is escaped", async () => {
    const [stomp, mqtt] = await Promise.all([world.stomp(), world.mqtt5()]);
    const inbox = await stomp.subscribe("/topic/escaped.%2A");

    await mqtt.publish("escaped/*", "x");

    expect((await inbox.next()).headers).toMatchObject({
      destination: "/topic/escaped.%2A",
      "x-topic": "escaped/*",
    });
  });

  test.concurrent("§3.2 STOMP: a subscription by /exchange/amq.topic sees that prefix again", async () => {
    const [stomp, mqtt] = await Promise.all([world.stomp(), world.mqtt5()]);
    const inbox = await stomp.subscribe("/exchange/amq.topic/by.exchange");

    await mqtt.publish("by/exchange", "x");

    expect((await inbox.next()).headers["destination"]).toBe("/exchange/amq.topic/by.exchange");
  });

  test.concurrent("§3.2 STOMP: the style of the destination is the subscription's own", async () => {
    const [dot, slash] = await Promise.all([world.stomp(), world.stomp()]);
    const dots = await dot.subscribe("/topic/styled.#");
    const slashes = await slash.subscribe("/topic/styled/#");

    await (await world.mqtt5()).publish("styled/a.b", "x");

    expect((await dots.next()).headers["destination"]).toBe("/topic/styled.a%2Eb");
    expect((await slashes.next()).headers["destination"]).toBe("/topic/styled/a.b");
  });
});

describe("a pattern", () => {
  for (const { by, pattern, misses, matches } of MATCHING) {
    test.concurrent(
      `§3.2 ${by} ${pattern} selects ${matches.join(" ")} not ${misses.join(" ")}`,
      async () => {
        const publisher = await world.mqtt5();
        const { next, mark } = await subscribeToPattern(by, pattern);

        for (const topic of [...misses, ...matches])
          await publisher.publish(topic, `${by} ${topic}`, { qos: 1 });
        await publisher.publish(mark, `${by} ${mark}`, { qos: 1 });

        const arrived = [];
        while (arrived.at(-1) !== `${by} ${mark}`) arrived.push(await next());
        const own = arrived.filter((body) =>
          matches.concat(misses).some((topic) => body === `${by} ${topic}`),
        );
        expect(own.toSorted()).toStrictEqual(matches.map((topic) => `${by} ${topic}`).toSorted());
      },
    );
  }
});

let marks = 0;

/** Bodies in order of their arrival, and a topic that ends the waiting. */
async function subscribeToPattern(
  by: (typeof MATCHING)[number]["by"],
  pattern: string,
): Promise<{ readonly next: () => Promise<string>; readonly mark: string }> {
  const mark = `mark${++marks}`;
  if (by === "mqtt5") {
    const client = await world.mqtt5();
    await client.subscribe(pattern);
    await client.subscribe(mark);
    return { mark, next: async () => (await client.arrivals.next()).body };
  }
  if (by === "amqp") {
    const client = await world.amqp();
    const { queue } = await client.channel.assertQueue("", { exclusive: true });
    await client.channel.bindQueue(queue, "amq.topic", pattern);
    await client.channel.bindQueue(queue, "amq.topic", mark);
    const inbox = await client.consume(queue, { noAck: true });
    return { mark, next: async () => (await inbox.next()).body };
  }
  const client = await world.stomp();
  const inbox = await client.subscribe(pattern);
  const marked = await client.subscribe(`/topic/${mark}`);
  // Deliveries of one connection come in order: when the mark is here, so is all that was before it.
  let came: string[] | undefined;
  const next = async (): Promise<string> => {
    if (came === undefined) {
      const { body } = await marked.next();
      came = [...inbox.all.map((message) => message.body), body];
    }
    return came.shift() ?? "";
  };
  return { mark, next };
}
