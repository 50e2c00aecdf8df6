import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { World } from "./world.ts";

let world: World;

beforeAll(async () => {
  world = await World.start();
});
afterAll(async () => {
  await world.stop();
});

describe("an address of MQTT", () => {
  test.concurrent("§3.3 mqtt5 → amqp: $queue/<q> publishes to the queue", async () => {
    const [mqtt, amqp] = await Promise.all([world.mqtt5(), world.amqp()]);
    await amqp.channel.assertQueue("jobs/a.1", { exclusive: true });
    const inbox = await amqp.consume("jobs/a.1");

    await mqtt.publish("$queue/jobs/a.1", "x", { qos: 1 });

    expect(await inbox.next()).toMatchObject({ body: "x", exchange: "", routingKey: "jobs/a.1" });
  });

  test.concurrent("§3.3 mqtt5 → stomp1.2: $queue/<q> publishes to the queue", async () => {
    const [mqtt, stomp] = await Promise.all([world.mqtt5(), world.stomp()]);
    const inbox = await stomp.subscribe("/queue/jobs-for-stomp");

    await mqtt.publish("$queue/jobs-for-stomp", "x", { qos: 1 });

    const { body, headers } = await inbox.next();
    expect(body).toBe("x");
    expect(headers["destination"]).toBe("/queue/jobs-for-stomp");
  });

  test.concurrent(
    "§3.3 amqp → mqtt5: subscribing to $queue/<q> competes for the queue, PUBACK settles",
    async () => {
      const [amqp, first, second] = await Promise.all([world.amqp(), world.mqtt5(), world.mqtt5()]);
      await amqp.channel.assertQueue("competed");
      await first.subscribe("$queue/competed", { qos: 1 });
      await second.subscribe("$queue/competed", { qos: 1 });

      for (const body of ["1", "2", "3", "4"]) await amqp.publish("", "competed", body);

      const own = async (client: typeof first): Promise<string[]> => [
        (await client.arrivals.next()).body,
        (await client.arrivals.next()).body,
      ];
      const all = [...(await own(first)), ...(await own(second))];
      expect(all.toSorted()).toStrictEqual(["1", "2", "3", "4"]);
      await Promise.all([first.close(), second.close()]);
      expect(await amqp.channel.checkQueue("competed")).toMatchObject({ messageCount: 0 });
    },
  );

  test.concurrent("§3.3 stomp1.2 → mqtt5: a queue of STOMP's is competed for by $queue/<q>", async () => {
    const [stomp, mqtt] = await Promise.all([world.stomp(), world.mqtt5()]);
    await stomp.send("/queue/from-stomp", "x");

    await mqtt.subscribe("$queue/from-stomp", { qos: 1 });

    expect((await mqtt.arrivals.next()).body).toBe("x");
  });

  test.concurrent("§3.3 mqtt5 → amqp: $exchange/<e>/<key> publishes to the exchange", async () => {
    const [mqtt, amqp] = await Promise.all([world.mqtt5(), world.amqp()]);
    await amqp.channel.assertExchange("orders", "topic", { durable: false });
    const { queue } = await amqp.channel.assertQueue("", { exclusive: true });
    await amqp.channel.bindQueue(queue, "orders", "eu.*.new");
    const inbox = await amqp.consume(queue);

    await mqtt.publish("$exchange/orders/eu.de.new", "x", { qos: 1 });

    expect(await inbox.next()).toMatchObject({ body: "x", exchange: "orders", routingKey: "eu.de.new" });
  });
});

describe("a destination of STOMP", () => {
  test.concurrent("§3.3 stomp1.2 → amqp: /queue/n is declared and reached by its name", async () => {
    const [stomp, amqp] = await Promise.all([world.stomp(), world.amqp()]);
    await stomp.send("/queue/sent-first", "x");

    const inbox = await amqp.consume("sent-first");

    expect(await inbox.next()).toMatchObject({ body: "x", exchange: "", routingKey: "sent-first" });
  });

  test.concurrent("§3.3 amqp → stomp1.2: /queue/n takes the whole rest as name", async () => {
    const [stomp, amqp] = await Promise.all([world.stomp(), world.amqp()]);
    const inbox = await stomp.subscribe("/queue/a/b.c");

    await amqp.publish("", "a/b.c", "x");

    const { body, headers } = await inbox.next();
    expect(body).toBe("x");
    expect(headers["destination"]).toBe("/queue/a/b.c");
  });

  test.concurrent("§3.3 amqp → stomp1.2: /queue/ reads %2F too", async () => {
    const [stomp, amqp] = await Promise.all([world.stomp(), world.amqp()]);
    const inbox = await stomp.subscribe("/queue/with%2Fslash");

    await amqp.publish("", "with/slash", "x");

    expect((await inbox.next()).body).toBe("x");
  });

  test.concurrent("§3.3 amqp → stomp1.2: /amq/queue/n takes the whole rest as name", async () => {
    const [stomp, amqp] = await Promise.all([world.stomp(), world.amqp()]);
    await amqp.channel.assertQueue("declared/by.amqp", { durable: true, maxLength: 10 });
    const inbox = await stomp.subscribe("/amq/queue/declared/by.amqp");

    await stomp.send("/amq/queue/declared/by.amqp", "x");

    expect((await inbox.next()).body).toBe("x");
  });

  test.concurrent("§3.3 stomp1.2: /amq/queue/n does not declare", async () => {
    const stomp = await world.rawStomp();

    stomp.send("SUBSCRIBE", ["id:1", "destination:/amq/queue/nobody-made-this"]);

    expect((await stomp.frames.next()).command).toBe("ERROR");
  });

  test.concurrent("§3.3 stomp1.2: SUBSCRIBE to a queue with other arguments does not fail", async () => {
    const [stomp, amqp] = await Promise.all([world.stomp(), world.amqp()]);
    await amqp.channel.assertQueue("made-otherwise", {
      durable: false,
      messageTtl: 60_000,
      maxPriority: 5,
    });

    const inbox = await stomp.subscribe("/queue/made-otherwise");
    await amqp.publish("", "made-otherwise", "x");

    expect((await inbox.next()).body).toBe("x");
  });

  test.concurrent("§3.3 stomp1.2 → amqp: /exchange/e/k publishes to the exchange", async () => {
    const [stomp, amqp] = await Promise.all([world.stomp(), world.amqp()]);
    await amqp.channel.assertExchange("prices", "direct", { durable: false });
    const { queue } = await amqp.channel.assertQueue("", { exclusive: true });
    await amqp.channel.bindQueue(queue, "prices", "gold");
    const inbox = await amqp.consume(queue);

    await stomp.send("/exchange/prices/gold", "x");

    expect(await inbox.next()).toMatchObject({ exchange: "prices", routingKey: "gold", body: "x" });
  });

  test.concurrent("§3.3 amqp → stomp1.2: /exchange/e/k subscribes to the exchange", async () => {
    const [stomp, amqp] = await Promise.all([world.stomp(), world.amqp()]);
    await amqp.channel.assertExchange("rates", "topic", { durable: false });
    const inbox = await stomp.subscribe("/exchange/rates/eu.*");

    await amqp.publish("rates", "eu.de", "x");

    expect((await inbox.next()).headers["destination"]).toBe("/exchange/rates/eu.de");
  });

  test.concurrent("§3.3 stomp1.2 → amqp: /exchange/e publishes without a key", async () => {
    const [stomp, amqp] = await Promise.all([world.stomp(), world.amqp()]);
    await amqp.channel.assertExchange("news", "fanout", { durable: false });
    const { queue } = await amqp.channel.assertQueue("", { exclusive: true });
    await amqp.channel.bindQueue(queue, "news", "");
    const inbox = await amqp.consume(queue);

    await stomp.send("/exchange/news", "x");

    expect(await inbox.next()).toMatchObject({ exchange: "news", routingKey: "", body: "x" });
  });
});

describe("an exchange of AMQP", () => {
  for (const end of ["mqtt5", "stomp1.2"] as const) {
    test.concurrent(`§3.3 amqp → ${end}: exchanges other than amq.topic are private`, async () => {
      const amqp = await world.amqp();
      const name = end === "mqtt5" ? "private-mqtt" : "private-stomp";
      await amqp.channel.assertExchange(name, "topic", { durable: false });
      const seen: string[] = [];
      const next = await (end === "mqtt5" ? mqttBodies(`${name}/#`) : stompBodies(`/topic/${name}/#`));

      await amqp.publish(name, `${name}.a`, "private");
      await amqp.publish("amq.topic", `${name}.a`, "public");

      seen.push(await next());
      expect(seen).toStrictEqual(["public"]);
    });
  }
});

async function mqttBodies(filter: string): Promise<() => Promise<string>> {
  const client = await world.mqtt5();
  await client.subscribe(filter);
  return async () => (await client.arrivals.next()).body;
}

async function stompBodies(destination: string): Promise<() => Promise<string>> {
  const inbox = await (await world.stomp()).subscribe(destination);
  return async () => (await inbox.next()).body;
}
