import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AssembledBroker } from "./assembled-broker.ts";
import { freshTopic } from "./cross.ts";
import { World } from "./world.ts";

/** No option raises the alarm, so this broker is one whose pressure can be reached. */
let broker: AssembledBroker;
let world: World;

beforeAll(async () => {
  broker = await AssembledBroker.start();
  world = new World(broker);
});
afterAll(async () => {
  await world.stop();
});

interface Client {
  readonly name: string;
  /** Connects; the returned function publishes and resolves when the broker has acknowledged. */
  readonly open: () => Promise<(topic: string) => Promise<unknown>>;
}

const CLIENTS: readonly Client[] = [
  {
    name: "mqtt5",
    open: async () => {
      const client = await world.mqtt5();
      return (topic) => client.publish(topic, "x", { qos: 1 });
    },
  },
  {
    name: "mqtt3.1.1",
    open: async () => {
      const client = await world.mqtt3();
      return (topic) => client.publish(topic, "x", { qos: 1 });
    },
  },
  {
    name: "stomp1.2",
    open: async () => {
      const client = await world.stomp();
      return (topic) => client.send(`/topic/${topic}`, "x");
    },
  },
  {
    name: "amqp",
    open: async () => {
      const client = await world.amqp();
      return (topic) => client.publish("amq.topic", topic.replaceAll("/", "."), "x");
    },
  },
];

describe("while the broker is short of memory or disk", () => {
  for (const { name, open } of CLIENTS) {
    test(`§9 memory or disk alarm: ${name}, stop reading until it is over`, async () => {
      const topic = freshTopic();
      const consumer = await world.amqp();
      const inbox = await consumer.subscribe(topic.replaceAll("/", "."));
      const publish = await open();
      // Whoever has published is a publisher.
      await publish(topic);
      await inbox.next();

      broker.pressure.raise("memory");
      const published = publish(topic);
      // Those who only consume are served: an answer that comes later than the publish was sent.
      const idle = await consumer.openChannel();
      await idle.checkExchange("amq.topic");
      const before = inbox.all.length;
      broker.pressure.ease("memory");
      await published;

      expect(before).toBe(1);
      expect((await inbox.next()).body).toBe("x");
      await consumer.close();
    });
  }

  test("§9 memory or disk alarm: amqp, connection.blocked", async () => {
    const publisher = await world.amqp();

    broker.pressure.raise("disk");
    void publisher.publish("amq.topic", "a", "x").catch(() => {});
    const { event, message } = await publisher.events.next();
    broker.pressure.ease("disk");

    expect(event).toBe("blocked");
    expect(message).not.toBe("");
    await publisher.close();
  });
});
