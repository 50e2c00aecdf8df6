import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodePacket } from "../codec/packet.ts";
import { encodeProperties } from "../codec/properties.ts";
import type { Publish } from "../codec/publish.ts";
import { settle, type TestClient } from "../testing/test-client.ts";
import { connected, type StartedServer, startServer } from "../testing/test-server.ts";

const topics = ["a", "a/b", "a/b/c", "x", "none", "ä/ö", "$odd", "a/", "t".repeat(130), "l".repeat(2000)];

const packet: fc.Arbitrary<Publish> = fc
  .record({
    topic: fc.oneof({ weight: 3, arbitrary: fc.constantFrom("a", "a/b", "x") }, fc.constantFrom(...topics)),
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 8 }),
      fc.constantFrom(100, 118, 119, 120, 127, 128, 200, 20_000).map((length) => new Uint8Array(length)),
    ),
    qos: fc.constantFrom(0 as const, 0 as const, 1 as const, 1 as const, 1 as const, 2 as const),
    retain: fc.oneof({ weight: 8, arbitrary: fc.constant(false) }, fc.constant(true)),
    properties: fc.oneof(
      { weight: 6, arbitrary: fc.constant({}) },
      fc.constantFrom({ contentType: "text/plain" }, { messageExpiryInterval: 100 }),
    ),
    packetId: fc.integer({ min: 1, max: 65_535 }),
  })
  .map(({ qos, packetId, properties, ...rest }) => ({
    ...rest,
    type: "publish",
    dup: false,
    qos,
    packetId: qos === 0 ? 0 : packetId,
    properties: encodeProperties(properties),
  }));

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
  ];
  const [old, plain, five, numbered, aliased, small, slow] = clients;
  await old?.subscribe("a/#", 1);
  await plain?.subscribe("#", 1);
  await five?.subscribe("a/+");
  await five?.subscribe("+", 2);
  await numbered?.subscribe("x", 0, { id: 7 });
  await aliased?.subscribe("a/b/#");
  await small?.subscribe("+");
  await slow?.subscribe("x", 1);
  await slow?.subscribe("a/b", 2);
  return clients;
}

/** Ends the flows of QoS 1 and 2 that have come, `share` of them, as a client does; returns what came. */
function acknowledge(client: TestClient, share: number): string {
  const bytes = client.transport.take();
  for (const heard of client.read(bytes)) {
    if (heard.type === "pubrel") answer(client, "pubcomp", heard.packetId);
    if (heard.type !== "publish" || heard.qos === 0 || heard.packetId % 4 > share) continue;
    answer(client, heard.qos === 1 ? "puback" : "pubrec", heard.packetId);
  }
  return bytes.toString("hex");
}

function answer(client: TestClient, type: "puback" | "pubrec" | "pubcomp", packetId: number): void {
  client.send({ type, packetId, reason: 0, properties: {} });
}

interface Traffic {
  readonly packets: readonly Publish[];
  readonly cuts: readonly number[];
  /** How many of four deliveries a subscriber acknowledges, less one. */
  readonly share: number;
}

/** What everybody gets, in hexadecimal digits, when a stream comes in pieces. */
async function received(
  forwards: boolean,
  version: 4 | 5,
  { packets, cuts, share }: Traffic,
): Promise<{ readonly heard: string[]; readonly drops: unknown }> {
  const server = await startServer({ forwards, maxQueuedMessages: 5 });
  const subscribers = await subscribersOf(server);
  const publisher = await connected(server, { clientId: "publisher" }, version);
  const clients = [...subscribers, publisher];
  const stream = Buffer.concat(packets.map((each) => encodePacket(each, version)));
  const places = [...cuts.map((cut) => cut % (stream.length + 1)), stream.length].toSorted((a, b) => a - b);
  const heard: string[] = [];
  let from = 0;
  for (const place of places) {
    if (place > from) publisher.sendBytes(stream.subarray(from, place));
    from = place;
    await settle();
    heard.push(...clients.map((client) => acknowledge(client, share)));
  }
  heard.push(...clients.map((client) => acknowledge(client, share)));
  return { heard, drops: server.broker.drops.all() };
}

const traffic: fc.Arbitrary<Traffic> = fc.record({
  packets: fc.array(packet, { maxLength: 40 }),
  cuts: fc.array(fc.nat(), { maxLength: 5 }),
  share: fc.integer({ min: 0, max: 3 }),
});

describe("forwarding", () => {
  it.each([4, 5] as const)("cannot be told from the plain way, publisher of version %i", async (version) => {
    await fc.assert(
      fc.asyncProperty(traffic, async (each) => {
        expect(await received(true, version, each)).toEqual(await received(false, version, each));
      }),
      { numRuns: 100 },
    );
  });
});
