import fc from "fast-check";
import { expect, test } from "vitest";
import type { BindingSpec } from "./binding.ts";
import type { Client } from "./client.ts";
import { Exchange } from "./exchange.ts";
import { matchesHeaders } from "./exchange-headers.ts";
import { makeMatcher } from "./exchange-types.ts";
import { encodeCoreProperties } from "./core-properties.ts";
import { matchesPattern, patternFromKey } from "./pattern.ts";
import { Router } from "./route.ts";
import { connectTestClient, makeTestMessage, openTestBroker, PLAIN_QUEUE } from "./testing/index.ts";
import { Topic } from "./topic.ts";
import { type Headers, text } from "./value.ts";

const TYPES = ["direct", "fanout", "topic", "headers"] as const;
const keys = fc.constantFrom("a", "a.b", "#", "a.*", "*.b", "a.#", "");
const header = fc.constantFrom<Headers>([], [["h", text("1")]], [["h", text("2")]]);

interface Node {
  readonly type: (typeof TYPES)[number];
  readonly alternate: number | undefined;
}

interface Link {
  readonly from: number;
  readonly to: { readonly kind: "queue" | "exchange"; readonly place: number };
  readonly key: string;
  readonly headers: Headers;
}

const exchanges = fc.array(
  fc.record({
    type: fc.constantFrom(...TYPES),
    alternate: fc.option(fc.nat(4), { nil: undefined }),
  }),
  { minLength: 2, maxLength: 5 },
);
const links = fc.array(
  fc.record({
    from: fc.nat(4),
    to: fc.record({ kind: fc.constantFrom("queue" as const, "exchange" as const), place: fc.nat(4) }),
    key: keys,
    headers: header,
  }),
  { maxLength: 12 },
);
const publishes = fc.array(
  fc.record({ to: fc.nat(4), key: fc.constantFrom("a", "a.b", "b", "a.b.c", ""), headers: header }),
  {
    minLength: 1,
    maxLength: 6,
  },
);

test("a message reaches what a walk over all bindings says, through exchanges and alternates, also after unbinding", async () => {
  await fc.assert(
    fc.asyncProperty(
      exchanges,
      links,
      fc.array(fc.nat(11)),
      publishes,
      async (nodes, drawn, removed, asked) => {
        const client = await connectTestClient((await openTestBroker()).broker);
        let model = drawn.filter(
          ({ from, to }) => from < nodes.length && (to.kind === "queue" || to.place < nodes.length),
        );
        await declareAll(client, nodes);
        for (const link of model)
          await client.bind(`e${link.from}`, destinationOf(client, link), specOf(link));

        const check = (): void => {
          for (const { to, key, headers } of asked) {
            if (to >= nodes.length) continue;
            const message = makeTestMessage(
              client,
              { exchange: `e${to}`, key },
              { raw: encodeCoreProperties({ headers }) },
            );
            const reached = client.vhost.routeOf(message).map(({ name }) => name);
            expect(reached.toSorted()).toEqual(walk(nodes, model, to, key, headers));
          }
        };
        check();
        for (const place of removed) {
          const link = model[place];
          if (link === undefined) continue;
          model = model.filter((other) => bindingName(other) !== bindingName(link));
          await client.unbind(`e${link.from}`, destinationOf(client, link), specOf(link));
        }
        check();
      },
    ),
    { numRuns: 150 },
  );
});

async function declareAll(client: Client, nodes: readonly Node[]): Promise<void> {
  for (const [place, { type, alternate }] of nodes.entries()) {
    const options = { type, durable: false, autoDelete: false, internal: false };
    await client.declareExchange(`e${place}`, {
      ...options,
      alternate: alternate === undefined ? undefined : `e${alternate}`,
    });
  }
  for (let place = 0; place < 5; place++) await client.declareQueue(`q${place}`, PLAIN_QUEUE);
}

function destinationOf(client: Client, { to }: Link): Parameters<Client["bind"]>[1] {
  return to.kind === "queue"
    ? { kind: "queue", queue: client.queue(`q${to.place}`) }
    : { kind: "exchange", exchange: client.vhost.exchange(`e${to.place}`) };
}

function specOf({ key, headers }: Link): BindingSpec {
  return { key, match: { mode: "all", headers } };
}

function bindingName({ from, to, key, headers }: Link): string {
  return JSON.stringify([from, to, key, headers]);
}

/** Names of the queues, in order, that a message reaches: every binding looked at, nothing kept. */
function walk(
  nodes: readonly Node[],
  all: readonly Link[],
  start: number,
  key: string,
  present: Headers,
): string[] {
  const queues = new Set<string>();
  const visited = new Set<number>();
  const visit = (place: number): void => {
    const node = nodes[place];
    if (node === undefined || visited.has(place)) return;
    visited.add(place);
    const selected = all.filter((link) => link.from === place && isSelected(node.type, link, key, present));
    for (const { to } of selected) {
      if (to.kind === "queue") queues.add(`q${to.place}`);
      else visit(to.place);
    }
    if (selected.length === 0 && node.alternate !== undefined) visit(node.alternate);
  };
  visit(start);
  return [...queues].toSorted();
}

function isSelected(type: Node["type"], link: Link, key: string, present: Headers): boolean {
  switch (type) {
    case "direct":
      return link.key === key;
    case "fanout":
      return true;
    case "topic":
      return matchesPattern(patternFromKey(link.key), new Topic(key.replaceAll(".", "/")));
    case "headers":
      return matchesHeaders({ mode: "all", headers: link.headers }, present);
  }
}

test("kept routes have no more ends in all than are allowed, wherever they begin", () => {
  const options = { type: "topic", durable: false, autoDelete: false, internal: false } as const;
  const both = ["one", "other"].map((name) => new Exchange(name, options, makeMatcher(options)));
  const router = new Router(new Map(), 10);
  const sizes: number[] = [];
  for (let i = 0; i < 30; i++) {
    for (const exchange of both) router.route(exchange, new Topic(`t/${i}`), () => []);
    sizes.push(both.reduce((sum, { routes }) => sum + routes.size, 0));
  }

  expect(Math.max(...sizes)).toBe(10);
});
