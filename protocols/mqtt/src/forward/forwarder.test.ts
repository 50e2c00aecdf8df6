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
    qos: fc.oneof({ weight: 6, arbitrary: fc.constant(0 as const) }, fc.constantFrom(1 as const, 2 as const)),
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
  ];
  const [old, plain, five, numbered, aliased, small] = clients;
  await old?.subscribe("a/#");
  await plain?.subscribe("#", 1);
  await five?.subscribe("a/+");
  await five?.subscribe("+", 2);
  await numbered?.subscribe("x", 0, { id: 7 });
  await aliased?.subscribe("a/b/#");
  await small?.subscribe("+");
  return clients;
}

/** What each subscriber gets, in hexadecimal digits, when `stream` comes in those pieces. */
async function received(
  forwards: boolean,
  version: 4 | 5,
  packets: readonly Publish[],
  cuts: readonly number[],
): Promise<{ readonly heard: string[]; readonly drops: unknown }> {
  const server = await startServer({ forwards });
  const subscribers = await subscribersOf(server);
  const publisher = await connected(server, { clientId: "publisher" }, version);
  const stream = Buffer.concat(packets.map((each) => encodePacket(each, version)));
  const places = [...cuts.map((cut) => cut % (stream.length + 1)), stream.length].toSorted((a, b) => a - b);
  let from = 0;
  for (const place of places) {
    if (place > from) publisher.sendBytes(stream.subarray(from, place));
    from = place;
  }
  await settle();
  const clients = [...subscribers, publisher];
  return {
    heard: clients.map(({ transport }) => transport.take().toString("hex")),
    drops: server.broker.drops.all(),
  };
}

describe("forwarding", () => {
  it.each([4, 5] as const)("cannot be told from the plain way, publisher of version %i", async (version) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(packet, { maxLength: 30 }),
        fc.array(fc.nat(), { maxLength: 4 }),
        async (packets, cuts) => {
          const fast = await received(true, version, packets, cuts);
          const plain = await received(false, version, packets, cuts);
          expect(fast).toEqual(plain);
        },
      ),
      { numRuns: 60 },
    );
  });
});
