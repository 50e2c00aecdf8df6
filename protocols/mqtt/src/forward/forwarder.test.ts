import { type Traffic, Window } from "@dragoman/core";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { encodePacket, type Packet } from "../codec/packet.ts";
import { encodeProperties } from "../codec/properties.ts";
import type { Properties } from "../codec/property.ts";
import type { Publish } from "../codec/publish.ts";
import type { Qos } from "../codec/qos.ts";
import { settle, type TestClient } from "../testing/test-client.ts";
import { connected, type StartedServer, startServer } from "../testing/test-server.ts";

const topics = ["a", "a/b", "a/b/c", "x", "none", "ä/ö", "$odd", "a/", "t".repeat(130), "l".repeat(2000)];

const published: fc.Arbitrary<Publish> = fc
  .record({
    topic: fc.oneof(
      // Most of what comes can be passed on.
      { weight: 8, arbitrary: fc.constantFrom("a", "a", "a/b", "x", "a/b/c") },
      fc.constantFrom(...topics),
    ),
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 8 }),
      fc
        .constantFrom(100, 118, 119, 120, 127, 128, 200, 16_378, 20_000)
        .map((length) => new Uint8Array(length)),
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

interface Listener {
  readonly clientId: string;
  readonly version: 3 | 4 | 5;
  readonly properties?: Properties;
  readonly filters: readonly (readonly [filter: string, qos: Qos, id?: number])[];
}

/** Everybody who listens: all versions, with everything that can set one receiver apart from the next. */
const listeners: readonly Listener[] = [
  { clientId: "old", version: 3, filters: [["a/#", 1]] },
  { clientId: "plain", version: 4, filters: [["#", 1]] },
  { clientId: "exact", version: 4, filters: [["+", 2]] },
  {
    clientId: "five",
    version: 5,
    filters: [
      ["a/+", 0],
      ["+", 2],
    ],
  },
  { clientId: "numbered", version: 5, filters: [["x", 0, 7]] },
  { clientId: "aliased", version: 5, properties: { topicAliasMaximum: 5 }, filters: [["a/b/+", 0]] },
  { clientId: "small", version: 5, properties: { maximumPacketSize: 140 }, filters: [["+", 0]] },
  {
    clientId: "slow",
    version: 5,
    properties: { receiveMaximum: 2 },
    filters: [
      ["x", 1],
      ["a/b", 2],
    ],
  },
  {
    clientId: "kept",
    version: 5,
    properties: { sessionExpiryInterval: 60 },
    filters: [
      ["x", 1],
      ["a/b/c", 2],
    ],
  },
];

async function subscribersOf(server: StartedServer): Promise<TestClient[]> {
  const clients: TestClient[] = [];
  for (const { clientId, version, properties = {}, filters } of listeners) {
    const client = await connected(server, { clientId, properties }, version);
    for (const [filter, qos, id] of filters)
      await client.subscribe(filter, qos, id === undefined ? {} : { id });
    clients.push(client);
  }
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

const ordinary = {
  type: "publish",
  dup: false,
  qos: 0,
  retain: false,
  packetId: 0,
  properties: new Uint8Array(),
} as const;

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

  it("leaves to the plain way what another layout would make too long to be read once more", async () => {
    const server = await startServer();
    const five = await connected(server, { clientId: "five" });
    await five.subscribe("a", 1);
    const old = await connected(server, { clientId: "old" }, 4);
    const payloads = ["x", "y", "z"].map((letter) => letter.repeat(16_383 - 5));
    for (const payload of payloads) old.publish("a", payload, { qos: 1, packetId: 1 });
    await settle();

    expect(five.takePayloads()).toEqual(payloads);
  });

  it("sends what waited for an acknowledgement before a message that came behind it", async () => {
    const server = await startServer({ maxInflight: 1 });
    const away = { clientId: "away", properties: { sessionExpiryInterval: 60 } };
    await (await connected(server, away)).subscribe("b", 1);
    const client = await connected(server);
    await client.subscribe("+", 1);
    for (const payload of ["1", "2"]) client.publish("a", payload, { qos: 1, packetId: 1 });
    const [first] = client.takeMessages();
    const last: Packet = { ...ordinary, topic: "b", payload: Buffer.from("3") };
    const chunk = [answer("puback", first?.packetId ?? 0), last].map((each) => encodePacket(each, 5));
    client.sendBytes(Buffer.concat(chunk));

    expect(client.takePayloads()).toEqual(["2", "3"]);
  });

  it("lets queues send once for all acknowledgements of a chunk", async () => {
    const server = await startServer({ maxInflight: 2 });
    const client = await connected(server, { properties: { sessionExpiryInterval: 60 } });
    await client.subscribe("a", 1);
    const publisher = await connected(server, { clientId: "publisher" });
    for (const payload of ["1", "2", "3", "4"]) publisher.publish("a", payload, { qos: 1, packetId: 1 });
    await settle();
    const letGo = vi.spyOn(Window.prototype, "letGo");
    const acknowledgements = client.takeMessages().map(({ packetId }) => answer("puback", packetId));
    client.sendBytes(Buffer.concat(acknowledgements.map((each) => encodePacket(each, 5))));
    await settle();

    expect(client.takePayloads()).toEqual(["3", "4"]);
    expect(letGo).toHaveBeenCalledTimes(1);
    letGo.mockRestore();
  });

  it("gives a mount of the topic space its other name", async () => {
    const server = await startServer({ mounts: [{ prefix: "tenant/", exchange: "amq.topic" }] });
    const client = await connected(server);
    await client.subscribe("a");
    client.publish("tenant/a", "x");

    expect(client.takeMessages()).toMatchObject([{ topic: "a" }]);
  });
});
