import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EVERYONE } from "../clients/everyone.ts";
import { type Everyone, LETTERS, type Parcel, type Running } from "../clients/parcel.ts";
import { World } from "./world.ts";

const BELOW = "pairs";
const present = EVERYONE.filter(({ missing }) => missing === undefined);

let world: World;
const running = new Map<Everyone, Running>();

beforeAll(async () => {
  world = await World.start();
  await Promise.all(
    present.map(async (client) => {
      running.set(client, await client.start((kind) => world.broker.url(kind), BELOW));
    }),
  );
});
afterAll(async () => {
  await Promise.allSettled([...running.values()].map((client) => client.close()));
  await world.stop();
});

/** What the publisher says as fully as its program can. */
function parcelOf({ name, canSay }: Everyone): Parcel {
  const whole: Parcel = {
    topic: `${BELOW}/v1.0/${name.replaceAll(" ", "-")}`,
    body: `größe of ${name}`,
    contentType: "text/plain",
    correlation: `order of ${name}`,
    // No colon: `@stomp/stompjs` leaves the escapes of STOMP 1.1 as they are.
    colour: "blue ü",
    durable: true,
  };
  const fields = Object.fromEntries(canSay.map((field) => [field, whole[field]]));
  return { topic: whole.topic, body: whole.body, ...fields };
}

const runningOf = (client: Everyone): Running => {
  const found = running.get(client);
  if (found === undefined) throw new Error(`${client.name} did not start`);
  return found;
};

describe("all clients of all protocols", () => {
  for (const from of EVERYONE) {
    test(`nine pairs: ${from.protocol} ${from.name} → every client`, async ({ skip, task }) => {
      if (from.missing !== undefined) skip(from.missing);
      const sent = parcelOf(from);
      const arrived: { from: string; to: string; what: string }[] = [];
      task.meta.arrived = arrived;

      await runningOf(from).publish(sent);

      const failures: string[] = [];
      await Promise.all(
        EVERYONE.map(async (to) => {
          const what = await receivedBy(to, from, sent).catch((error: unknown) => `✗ ${String(error)}`);
          if (what.startsWith("✗")) failures.push(`${to.name}: ${what}`);
          arrived.push({ from: `${from.protocol} ${from.name}`, to: `${to.protocol} ${to.name}`, what });
        }),
      );
      const order = new Map(EVERYONE.map(({ protocol, name }, at) => [`${protocol} ${name}`, at]));
      arrived.sort((a, b) => (order.get(a.to) ?? 0) - (order.get(b.to) ?? 0));
      expect(failures).toStrictEqual([]);
    });
  }
});

/** What arrived, in a word for the table; begins with ✗ when it is not what was sent. */
async function receivedBy(to: Everyone, from: Everyone, sent: Parcel): Promise<string> {
  if (to.missing !== undefined) return to.missing;
  const came = await runningOf(to).next(({ body }) => body === sent.body);
  const seesTopic = came.topic !== "";
  const fields = to.canSee.filter((field) => from.canSay.includes(field));
  const wrong = fields.filter((field) => came[field] !== sent[field]);
  if (seesTopic && came.topic !== sent.topic) return `✗ topic ${came.topic}`;
  if (wrong.length > 0) return `✗ ${wrong.map((field) => `${field} ${String(came[field])}`).join(", ")}`;
  return LETTERS.body + (seesTopic ? LETTERS.topic : "") + fields.map((name) => LETTERS[name]).join("");
}
