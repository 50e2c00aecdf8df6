import type { Traffic } from "@dragoman/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodePacket, type Packet } from "../codec/packet.ts";
import { encodeProperties } from "../codec/properties.ts";
import type { Publish } from "../codec/publish.ts";
import { settle, type TestClient } from "../testing/test-client.ts";
import { connected, type StartedServer, startServer } from "../testing/test-server.ts";

const topics = ["a", "a/b", "a/b/c", "x", "none", "ä/ö", "$odd", "a/", "t".repeat(130), "l".repeat(2000)];

const published: fc.Arbitrary<Publish> = fc
  .record({
    topic: fc.oneof(
      // Most of what comes can be passed on.
      { weight: 8, arbitrary: fc.constantFrom("a", "a", "a/b") },
      fc.constantFrom(...topics),
    ),
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 8 }),
      fc.constantFrom(100, 118, 119, 120, 127, 128, 200, 20_000).map((length) => new Uint8Array(length)),
    ),
    qos: fc.constantFrom(0 as const, 1 as const, 1 as const, 2 as const, 2 as const, 2 as const),
    retain: fc.oneof({ weight: 20, arbitrary: fc.constant(false) }, fc.constant(true)),
    dup: fc.oneof({ weight: 20, arbitrary: fc.constant(false) }, fc.constant(true)),
    properties: fc.oneof(
      { weight: 20, arbitrary: fc.constant({}) },
      fc.constantFrom({ contentType: "text/plain" }, { messageExpiryInterval: 100 }),
    ),
    // Few, so that some come again before and some after their flow has ended.
    packetId: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 65_535 })),
  })
  .map(({ qos, packetId, dup, properties, ...rest }) => ({
    ...rest,
    type: "publish",
    dup: dup && qos > 0,
    qos,
    packetId: qos === 0 ? 0 : packetId,
    properties: encodeProperties(properties),
  }));

/** Of a message that has come, or of none. */
const released: fc.Arbitrary<Packet> = fc.record({
  type: fc.constant("pubrel"),
  packetId: fc.integer({ min: 1, max: 20 }),
  reason: fc.constant(0),
  properties: fc.constant({}),
});

/** Everybody who listens: all versions, with everything that can set one receiver apart from the next. */
async function subscribersOf(server: StartedServer): Promise<TestClient[]> {
  const clients = [
    await connected(server, { clientId: "old" }, 3),
    await connected(server, { clientId: "plain" }, 4),
    await connected(server, { clientId: "five" }, 5),
    await connected(server, { clientId: "numbered" }, 5),
    await connected(server, { clientId: "aliased", properties: { topicAliasMaximum: 5 } }, 5),
    await connected(server, { clientId: "small", properties: { maximumPacketSize: 140 } }, 5),
    await connected(server, { clientId: "slow", properties: { receiveMaximum: 2 } }, 5),
    await connected(server, { clientId: "exact" }, 4),
  ];
  const [old, plain, five, numbered, aliased, small, slow, exact] = clients;
  await old?.subscribe("a/#", 1);
  await plain?.subscribe("#", 1);
  await five?.subscribe("a/+");
  await five?.subscribe("+", 2);
  await numbered?.subscribe("x", 0, { id: 7 });
  await aliased?.subscribe("a/b/+");
  await small?.subscribe("+");
  await slow?.subscribe("x", 1);
  await slow?.subscribe("a/b", 2);
  await exact?.subscribe("+", 2);
  return clients;
}

/** What goes on with `share` of four flows that have come, with some a step more than it should. */
function answers(heard: readonly Packet[], share: number): Packet[] {
  return heard.flatMap((each): Packet[] => {
    if (each.type === "pubrel") return [answer("pubcomp", each.packetId)];
    if (each.type !== "publish" || each.qos === 0 || each.packetId % 4 > share) return [];
    const { qos, packetId } = each;
    const first = answer(qos === 1 ? "puback" : "pubrec", packetId);
    if (qos === 1) return [first];
    if (packetId % 3 === 0) return [first, first];
    return packetId % 5 === 0 ? [answer("pubcomp", packetId), first] : [first];
  });
}

function answer(type: "puback" | "pubrec" | "pubcomp", packetId: number): Packet {
  return { type, packetId, reason: 0, properties: {} };
}

/** Answers what has come, and returns it. */
function acknowledge(client: TestClient, share: number): string {
  const bytes = client.transport.take();
  for (const packet of answers(client.read(bytes), share)) client.send(packet);
  return bytes.toString("hex");
}

interface Program {
  readonly packets: readonly Packet[];
  readonly cuts: readonly number[];
  /** How many of four deliveries a subscriber acknowledges, less one. */
  readonly share: number;
  /** The publisher's session is kept. */
  readonly isKept: boolean;
}

const program: fc.Arbitrary<Program> = fc.record({
  packets: fc.array(fc.oneof({ weight: 3, arbitrary: published }, released), {
    maxLength: 60,
    size: "max",
  }),
  cuts: fc.array(fc.nat(), { maxLength: 6 }),
  share: fc.integer({ min: 0, max: 3 }),
  isKept: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
});

/** The stream of the program's packets as it arrives. */
function pieces({ packets, cuts }: Program, version: 4 | 5): Buffer[] {
  const stream = Buffer.concat(packets.map((each) => encodePacket(each, version)));
  const places = [...cuts.map((cut) => cut % (stream.length + 1)), stream.length].toSorted((a, b) => a - b);
  return places.map((place, i) => stream.subarray(i === 0 ? 0 : places[i - 1], place));
}

interface Heard {
  /** What everybody gets, in hexadecimal digits. */
  readonly heard: string[];
  readonly drops: unknown;
  readonly traffic: Traffic;
}

async function received(forwards: boolean, version: 4 | 5, asked: Program): Promise<Heard> {
  const server = await startServer({ forwards, maxQueuedMessages: 5, receiveMaximum: 30 });
  const subscribers = await subscribersOf(server);
  const properties = version === 5 && asked.isKept ? { sessionExpiryInterval: 60 } : {};
  const connect = { clientId: "publisher", cleanStart: !asked.isKept, properties };
  const publisher = await connected(server, connect, version);
  const clients = [...subscribers, publisher];
  const heard: string[] = [];
  for (const piece of pieces(asked, version)) {
    publisher.sendBytes(piece);
    await settle();
    heard.push(...clients.map((client) => acknowledge(client, asked.share)));
  }
  heard.push(...clients.map((client) => acknowledge(client, asked.share)));
  return { heard, drops: server.broker.drops.all(), traffic: server.broker.traffic("mqtt") };
}

/** As `received` for one client that gets what it publishes, and answers it in between: what it hears, apart by kind. */
async function echoed(forwards: boolean, version: 4 | 5, { packets, share }: Program): Promise<unknown> {
  const server = await startServer({ forwards, maxQueuedMessages: 5, maxInflight: 4 });
  const client = await connected(server, { clientId: "both" }, version);
  await client.subscribe("a/#", 2);
  await client.subscribe("+", 1);
  const heard: Packet[] = [];
  let due: Packet[] = [];
  for (let at = 0; at < packets.length || due.length > 0; at += 4) {
    const next = packets.slice(at, at + 4);
    const mixed = next.flatMap((packet, i) => [packet, ...due.slice(i * 2, i * 2 + 2)]);
    const chunk = [...mixed, ...due.slice(next.length * 2)];
    client.sendBytes(Buffer.concat(chunk.map((each) => encodePacket(each, version))));
    await settle();
    const came = byKind(client.take());
    heard.push(...came);
    due = answers(came, share);
  }
  return {
    heard: byKind(heard).map((each) => encodePacket(each, version).toString("hex")),
    isEnded: client.isEnded,
    drops: server.broker.drops.all(),
    traffic: server.broker.traffic("mqtt"),
  };
}

/** In order among their kind: answers go out together. */
function byKind(packets: readonly Packet[]): Packet[] {
  return packets.toSorted((one, other) => one.type.localeCompare(other.type));
}

describe("forwarding", () => {
  it.each([4, 5] as const)(
    "cannot be told from the plain way, publisher of version %i",
    async (version) => {
      await fc.assert(
        fc.asyncProperty(program, async (each) => {
          expect(await received(true, version, each)).toEqual(await received(false, version, each));
        }),
        { numRuns: 80 },
      );
    },
    60_000,
  );

  it.each([4, 5] as const)(
    "nor by a client that hears itself, of version %i",
    async (version) => {
      await fc.assert(
        fc.asyncProperty(program, async (each) => {
          expect(await echoed(true, version, each)).toEqual(await echoed(false, version, each));
        }),
        { numRuns: 150 },
      );
    },
    60_000,
  );
});
