import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Amqplib } from "../clients/amqplib.ts";
import { World } from "./world.ts";

let world: World;

beforeAll(async () => {
  world = await World.start();
});
afterAll(async () => {
  await world.stop();
});

interface Read {
  readonly body: string;
  /** The place in the stream, where the protocol shows it. */
  readonly offset?: number;
}

type Start = "first" | "last" | "next" | number;

/** Publishes to a stream by its name. */
const PUBLISH = {
  mqtt5: async (stream: string, body: string): Promise<void> => {
    await (await world.mqtt5()).publish(`$queue/${stream}`, body, { qos: 1 });
  },
  "stomp1.2": async (stream: string, body: string): Promise<void> => {
    await (await world.stomp()).send(`/amq/queue/${stream}`, body);
  },
  amqp: async (stream: string, body: string): Promise<void> => {
    await (await world.amqp()).publish("", stream, body);
  },
} as const;

/** Reads a stream from a place. */
const READ = {
  mqtt5: async (stream: string, start: Start): Promise<() => Promise<Read>> => {
    const client = await world.mqtt5();
    await client.subscribe(`$stream/${start}/${stream}`, { qos: 1 });
    return async () => ({ body: (await client.arrivals.next()).body });
  },
  "stomp1.2": async (stream: string, start: Start): Promise<() => Promise<Read>> => {
    const from = typeof start === "number" ? `offset=${start}` : start;
    const client = await world.stomp();
    const inbox = await client.subscribe(`/amq/queue/${stream}`, {
      ack: "client-individual",
      "prefetch-count": "10",
      "x-stream-offset": from,
    });
    return async () => {
      const { body, headers, settle } = await inbox.next();
      settle("ack");
      return { body, offset: Number(headers["x-stream-offset"]) };
    };
  },
  amqp: async (stream: string, start: Start): Promise<() => Promise<Read>> => {
    const client = await world.amqp();
    await client.channel.prefetch(10);
    const inbox = await client.consume(stream, { arguments: { "x-stream-offset": start } });
    return async () => {
      const { body, headers, settle } = await inbox.next();
      settle("ack");
      return { body, offset: Number(headers["x-stream-offset"]) };
    };
  },
} as const;

let streams = 0;

async function freshStream(): Promise<string> {
  const name = `stream-${++streams}`;
  const client: Amqplib = await world.amqp();
  await client.channel.assertQueue(name, { durable: true, arguments: { "x-queue-type": "stream" } });
  return name;
}

const ENDS = ["mqtt5", "stomp1.2", "amqp"] as const;

describe("a stream", () => {
  for (const from of ENDS) {
    for (const to of ENDS) {
      test.concurrent(`§7 ${from} → ${to}: every reader gets everything, again and again`, async () => {
        const stream = await freshStream();
        for (const body of ["0", "1", "2"]) await PUBLISH[from](stream, body);

        for (let reader = 0; reader < 2; reader += 1) {
          const next = await READ[to](stream, "first");
          for (const body of ["0", "1", "2"]) expect(await next()).toMatchObject({ body });
        }
      });
    }
  }

  for (const to of ENDS) {
    for (const [start, bodies] of [
      [1, ["1", "2", "live"]],
      ["last", ["2", "live"]],
      ["next", ["live"]],
    ] as const) {
      test.concurrent(`§7 amqp → ${to}: read from ${start}`, async () => {
        const stream = await freshStream();
        for (const body of ["0", "1", "2"]) await PUBLISH.amqp(stream, body);
        const next = await READ[to](stream, start);
        await PUBLISH.amqp(stream, "live");

        for (const body of bodies) expect(await next()).toMatchObject({ body });
      });
    }
  }

  for (const to of ["stomp1.2", "amqp"] as const) {
    test.concurrent(`§4.3 mqtt5 → ${to}: x-stream-offset is the place of a message`, async () => {
      const stream = await freshStream();
      for (const body of ["0", "1", "2"]) await PUBLISH.mqtt5(stream, body);

      const next = await READ[to](stream, 1);

      expect(await next()).toStrictEqual({ body: "1", offset: 1 });
      expect(await next()).toStrictEqual({ body: "2", offset: 2 });
    });
  }
});
