import { expect, test } from "vitest";
import type { Inbox } from "../clients/inbox.ts";
import type { Arrives, Cell, End, OmittedCell, Sent } from "./cell.ts";
import type { World } from "./world.ts";

/** What arrived, with its fields as one table can hold them for all protocols. */
export type Arrival = Readonly<Record<string, unknown>> & { readonly body: string };

function reader<T extends object & { readonly body: string }>(inbox: Inbox<T>): () => Promise<Arrival> {
  return async () => ({ ...(await inbox.next()) });
}

/** Opens a subscription of one end to one topic, given in MQTT's spelling without dots in its levels. */
export async function subscribeAt(
  world: World,
  end: End,
  topic: string,
  subscribing: Arrives["subscribing"] = {},
): Promise<() => Promise<Arrival>> {
  switch (end) {
    case "mqtt5":
    case "mqtt3.1.1": {
      const client = await (end === "mqtt5" ? world.mqtt5() : world.mqtt3());
      await client.subscribe(topic, { qos: 2, ...subscribing });
      return reader(client.arrivals);
    }
    case "stomp1.0":
    case "stomp1.1":
    case "stomp1.2": {
      const client = await world.stomp(end === "stomp1.0" ? "1.0" : end === "stomp1.1" ? "1.1" : "1.2");
      const inbox = await client.subscribe(`/topic/${topic}`);
      return async () => {
        const { body, headers } = await inbox.next();
        return { body, ...headers };
      };
    }
    case "amqp": {
      const client = await world.amqp();
      return reader(await client.subscribe(topic.replaceAll("/", ".")));
    }
  }
}

/** Publishes to a topic, given in MQTT's spelling without dots in its levels. */
export async function publishBy(
  world: World,
  topic: string,
  sent: Sent,
  body: string | Buffer,
): Promise<void> {
  switch (sent.by) {
    case "mqtt5":
    case "mqtt3.1.1": {
      const client = await (sent.by === "mqtt5" ? world.mqtt5() : world.mqtt3());
      await client.publish(topic, body, sent.fields);
      return;
    }
    case "stomp1.0":
    case "stomp1.1":
    case "stomp1.2": {
      const version = sent.by === "stomp1.0" ? "1.0" : sent.by === "stomp1.1" ? "1.1" : "1.2";
      const client = await world.stomp(version);
      await client.send(`/topic/${topic}`, body, { ...sent.fields });
      return;
    }
    case "amqp": {
      const client = await world.amqp();
      await client.publish("amq.topic", topic.replaceAll("/", "."), body, sent.fields);
      return;
    }
  }
}

let topics = 0;

/** A topic that no other cell uses. */
export function freshTopic(): string {
  topics += 1;
  return `cell/${topics}`;
}

/** Runs one cell over real sockets. */
async function cross(world: World, { sent, arrives }: Cell): Promise<void> {
  const topic = freshTopic();
  const body = sent.body ?? `body of ${topic}`;
  const next = await subscribeAt(world, arrives.at, topic, arrives.subscribing);

  await publishBy(world, topic, sent, body);

  const arrival = await next();
  expect(arrival).toMatchObject({ ...(typeof body === "string" ? { body } : {}), ...arrives.with });
  for (const path of arrives.without ?? []) expect(arrival).not.toHaveProperty([...path]);
}

/** One concurrent test for each cell. */
export function testCells(world: () => World, cells: readonly Cell[]): void {
  for (const cell of cells) {
    const { section, name, sent, arrives } = cell;
    test.concurrent(`§${section} ${sent.by} → ${arrives.at}: ${name}`, async () => {
      await cross(world(), cell);
      expect.hasAssertions();
    });
  }
}

/** What is left out is named in the run, with the reason. */
export function listOmitted(cells: readonly OmittedCell[]): void {
  for (const { section, name, because } of cells) {
    test(`§${section} ${name}`, ({ skip }) => {
      skip(because);
      expect.unreachable();
    });
  }
}
