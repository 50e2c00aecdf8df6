import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Inbox } from "../clients/inbox.ts";
import { World } from "./world.ts";

/** The address under which one message arrives, by who receives it. */
interface Addresses {
  readonly mqtt: string | undefined;
  readonly key: string;
  readonly dot: string;
  readonly slash: string;
}

type Way = keyof Addresses;
const WAYS = ["mqtt", "key", "dot", "slash"] as const;

let world: World;
/** One connection of each kind is enough: an id in the body tells what belongs together. */
let receive: Readonly<Record<Way, (body: string) => Promise<string>>>;
let send: Readonly<Record<Way, (address: string, body: string) => Promise<unknown>>>;

beforeAll(async () => {
  world = await World.start();
  const [mqtt, amqp, dotted, slashed] = await Promise.all([
    world.mqtt5(),
    world.amqp(),
    world.stomp(),
    world.stomp(),
  ]);
  await mqtt.subscribe("#", { qos: 1 });
  const keys = await amqp.subscribe("#");
  const dots = await dotted.subscribe("/topic/#");
  const slashes = await slashed.subscribe("/topic/+/#");
  receive = {
    mqtt: byBody(mqtt.arrivals, ({ topic }) => topic),
    key: byBody(keys, ({ routingKey }) => routingKey),
    dot: byBody(dots, ({ headers }) => headers["destination"] ?? ""),
    slash: byBody(slashes, ({ headers }) => headers["destination"] ?? ""),
  };
  send = {
    mqtt: (address, body) => mqtt.publish(address, body, { qos: 1 }),
    key: (address, body) => amqp.publish("amq.topic", address, body),
    dot: (address, body) => dotted.send(address, body),
    slash: (address, body) => slashed.send(address, body),
  };
});
afterAll(async () => {
  await world.stop();
});

const special = [
  ".",
  " ",
  ":",
  ";",
  "%",
  "*",
  "+",
  "#",
  ">",
  "\\",
  "~",
  "%2F",
  "%2E",
  "é",
  "東",
  "🚌",
  "\t",
  "\n",
];
const level = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: fc.constantFrom("a", "B", "7", ...special), maxLength: 4 }) },
  { weight: 1, arbitrary: fc.constantFrom("", "*", "+", "#", ">", ".", "..", "spBv1.0", "7:20", "60;24") },
);
/** Takes the message with one body, and gives the address under which it came. */
function byBody<T extends { readonly body: string }>(
  inbox: Inbox<T>,
  addressOf: (item: T) => string,
): (wanted: string) => Promise<string> {
  return async (wanted) => addressOf(await inbox.next(({ body }) => body === wanted));
}

/**
 * In MQTT's spelling; not one that filters for everything hide, and not the empty one. `@stomp/stompjs` trims
 * the values of headers, so a blank at the end would be lost there.
 */
const topic = fc
  .array(level, { minLength: 1, maxLength: 4 })
  .map((levels) => levels.join("/"))
  .filter((path) => path !== "" && !path.startsWith("$") && path.trimEnd() === path);

const tradePlaces = (path: string): string => path.replaceAll(/[./]/g, (mark) => (mark === "/" ? "." : "/"));
const isMqttName = (path: string): boolean => !/[+#\0]/.test(path);

let ids = 0;

/** Sends one message and gives all addresses under which it arrives. */
async function addressesOf(way: Way, address: string): Promise<Addresses> {
  const body = `id ${++ids}`;
  const arrived = Promise.all([
    receive.mqtt(body),
    receive.key(body),
    receive.dot(body),
    receive.slash(body),
  ]);
  try {
    const [[mqtt, key, dot, slash]] = await Promise.all([arrived, send[way](address, body)]);
    return { mqtt, key, dot, slash };
  } catch (error) {
    throw new Error(`sent by ${way} to ${JSON.stringify(address)}`, { cause: error });
  }
}

describe("what we wrote as an address", () => {
  test("spellings: sending to it reaches the same topic, from every protocol to every other", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(topic, { minLength: 10, maxLength: 20 }), async (paths) => {
        const checks = paths.map(async (path) => {
          const first = await addressesOf("key", tradePlaces(path));

          expect(first.key).toBe(tradePlaces(path));
          if (isMqttName(path)) expect(first.mqtt).toBe(path);
          for (const way of WAYS) {
            const address = first[way];
            // MQTT cannot name these, so what it sees is another topic's name.
            if (address === undefined || (way === "mqtt" && !isMqttName(path))) continue;
            expect(await addressesOf(way, address), `sent by ${way} to ${address}`).toStrictEqual(first);
          }
        });
        await Promise.all(checks);
      }),
      // A broken connection breaks all that follows, so there is nothing to shrink.
      { numRuns: 20, seed: 20_261_121, endOnFailure: true },
    );
  });
});
