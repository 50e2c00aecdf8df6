import { makePattern, MANY, matchesPattern, ONE, Topic } from "@dragoman/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Packet } from "../codec/packet.ts";
import type { Qos } from "../codec/qos.ts";
import { settle, type TestClient } from "../testing/test-client.ts";
import { connected, startServer, type StartedServer } from "../testing/test-server.ts";

const topics = ["a", "a/b", "a/c", "b"];
const filters = ["a", "a/#", "+/b", "#", "b"];

type Command =
  | { readonly act: "publish"; readonly topic: string; readonly qos: Qos }
  | {
      readonly act: "subscribe" | "unsubscribe";
      readonly client: number;
      readonly filter: string;
      readonly qos: Qos;
    }
  | { readonly act: "read"; readonly client: number; readonly packets: number }
  | { readonly act: "drop" | "resume"; readonly client: number };

const client = fc.integer({ min: 0, max: 2 });
const qos = fc.constantFrom(0, 1, 2);

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ act: fc.constant("publish"), topic: fc.constantFrom(...topics), qos }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constantFrom("subscribe", "subscribe", "unsubscribe"),
      client,
      filter: fc.constantFrom(...filters),
      qos,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ act: fc.constant("read"), client, packets: fc.integer({ min: 1, max: 6 }) }),
  },
  { weight: 3, arbitrary: fc.record({ act: fc.constantFrom("drop", "resume", "resume"), client }) },
);

interface Expected {
  readonly payload: string;
  readonly topic: string;
  readonly qos: Qos;
}

/** A client that keeps its side of the bargain, and what it must have been sent by the naive reference. */
class ModelClient {
  readonly #server: StartedServer;
  readonly #name: string;
  readonly #receiveMaximum: number;
  readonly subscriptions = new Map<string, Qos>();
  readonly expected: Expected[] = [];
  readonly delivered: Expected[] = [];
  /** Identifiers of QoS 2 that were received and not released: they outlast the connection. */
  readonly #received = new Set<number>();
  /** Sent by the server and not read yet: lost when the connection breaks. */
  #inbox: Packet[] = [];
  #connection: TestClient | undefined;

  constructor(server: StartedServer, name: string, receiveMaximum: number) {
    this.#server = server;
    this.#name = name;
    this.#receiveMaximum = receiveMaximum;
  }

  get isConnected(): boolean {
    return this.#connection !== undefined;
  }

  async resume(): Promise<void> {
    if (this.#connection !== undefined) return;
    this.#connection = await connected(this.#server, {
      clientId: this.#name,
      cleanStart: false,
      properties: {
        sessionExpiryInterval: 1_000,
        receiveMaximum: this.#receiveMaximum,
        topicAliasMaximum: 0,
      },
    });
  }

  drop(): void {
    this.#connection?.drop();
    this.#connection = undefined;
    this.#inbox = [];
  }

  async subscribe(filter: string, wanted: Qos): Promise<void> {
    if (this.#connection === undefined) return;
    this.subscriptions.set(filter, wanted);
    this.#inbox.push(...(await this.#connection.subscribe(filter, wanted)));
  }

  async unsubscribe(filter: string): Promise<void> {
    if (this.#connection === undefined) return;
    this.subscriptions.delete(filter);
    this.#connection.send({ type: "unsubscribe", packetId: 9, properties: {}, filters: [filter] });
    await settle();
  }

  /** The reference: what a message that is published now must bring to this client. */
  expect(payload: string, topic: string, published: Qos): void {
    const granted = [...this.subscriptions]
      .filter(([filter]) => selects(filter, topic))
      .map(([, level]) => level);
    if (granted.length === 0) return;
    const level = toQos(Math.min(published, Math.max(...granted)));
    if (level > 0 || this.isConnected) this.expected.push({ payload, topic, qos: level });
  }

  /** Reads packets, and answers them as the specification says. */
  read(count: number): number {
    if (this.#connection === undefined) return 0;
    this.#inbox.push(...this.#connection.take());
    const packets = this.#inbox.splice(0, count);
    for (const packet of packets) this.#answer(this.#connection, packet);
    return packets.length;
  }

  #answer(connection: TestClient, packet: Packet): void {
    if (packet.type === "pubrel") {
      this.#received.delete(packet.packetId);
      connection.send({ type: "pubcomp", packetId: packet.packetId, reason: 0, properties: {} });
    }
    if (packet.type !== "publish") return;
    const { packetId, topic } = packet;
    const message = { payload: Buffer.from(packet.payload).toString(), topic, qos: packet.qos };
    if (packet.qos !== 2 || !this.#received.has(packetId)) this.delivered.push(message);
    if (packet.qos === 1) connection.send({ type: "puback", packetId, reason: 0, properties: {} });
    if (packet.qos !== 2) return;
    this.#received.add(packetId);
    connection.send({ type: "pubrec", packetId, reason: 0, properties: {} });
  }
}

async function run(commands: readonly Command[], receiveMaximum: number): Promise<readonly ModelClient[]> {
  const server = await startServer();
  const publisher = await connected(server, { clientId: "publisher" });
  const clients = [0, 1, 2].map((index) => new ModelClient(server, `client-${index}`, receiveMaximum));
  for (const each of clients) await each.resume();
  for (const [index, next] of commands.entries()) {
    if (next.act === "publish") {
      for (const each of clients) each.expect(String(index), next.topic, next.qos);
      publisher.publish(next.topic, String(index), { qos: next.qos, packetId: next.qos === 0 ? 0 : 1 });
      publisher.send({ type: "pubrel", packetId: 1, reason: 0, properties: {} });
      publisher.take();
    } else {
      await act(clients[next.client], next);
    }
  }
  for (const each of clients) await each.resume();
  for (let turn = 0; turn < 200; turn++) for (const each of clients) each.read(10);
  return clients;
}

async function act(
  target: ModelClient | undefined,
  next: Exclude<Command, { act: "publish" }>,
): Promise<void> {
  if (next.act === "subscribe") await target?.subscribe(next.filter, next.qos);
  else if (next.act === "unsubscribe") await target?.unsubscribe(next.filter);
  else if (next.act === "read") target?.read(next.packets);
  else if (next.act === "drop") target?.drop();
  else await target?.resume();
}

test("no program of connecting, subscribing, publishing, dropping and resuming loses, doubles or misorders a message", async () => {
  await fc.assert(
    fc.asyncProperty(
      // As long as they may be: the library prefers short ones, which deliver next to nothing.
      fc.array(command, { minLength: 5, maxLength: 60, size: "max" }),
      fc.integer({ min: 1, max: 4 }),
      async (commands, receiveMaximum) => {
        for (const { expected, delivered } of await run(commands, receiveMaximum)) {
          for (const level of [1, 2] as const) check(level, expected, delivered);
          const sent = new Set(expected.map(({ payload }) => payload));
          expect(delivered.filter(({ payload }) => !sent.has(payload))).toEqual([]);
        }
      },
    ),
    { numRuns: 100 },
  );
}, 60_000);

/** QoS 1 comes at least once and QoS 2 exactly once; first times are in order, topic by topic. */
function check(level: Qos, expected: readonly Expected[], delivered: readonly Expected[]): void {
  for (const topic of topics) {
    const here = (message: Expected): boolean => message.topic === topic && message.qos === level;
    const want = expected.filter(here).map(({ payload }) => payload);
    const got = delivered.filter(here).map(({ payload }) => payload);
    expect(level === 2 ? got : [...new Set(got)]).toEqual(want);
  }
}

function selects(filter: string, topic: string): boolean {
  const levels = filter.split("/").map((level) => (level === "+" ? ONE : level === "#" ? MANY : level));
  return matchesPattern(makePattern(levels, true), new Topic(topic));
}

function toQos(level: number): Qos {
  return level === 0 || level === 1 ? level : 2;
}
