import fc from "fast-check";
import { expect, test } from "vitest";
import { packetArbitrary } from "../codec/packet.arbitraries.ts";
import { encodePacket } from "../codec/packet.ts";
import { settle, TestClient } from "../testing/test-client.ts";
import { connected, startServer } from "../testing/test-server.ts";

const versions = fc.constantFrom(3, 4, 5);

/** Packets of every kind, right or with a byte wrong, in any order and cut anywhere. */
const stream = versions.chain((version) =>
  fc.record({
    version: fc.constant(version),
    bytes: fc
      .array(
        fc.tuple(
          packetArbitrary(version),
          fc.option(fc.tuple(fc.nat(60), fc.nat(255)), { nil: undefined, freq: 4 }),
        ),
        { maxLength: 8 },
      )
      .map((packets) =>
        Buffer.concat(
          packets.map(([packet, fault]) => {
            const bytes = Buffer.from(encodePacket(packet, version));
            if (fault !== undefined) bytes[fault[0] % bytes.length] = fault[1];
            return bytes;
          }),
        ),
      ),
    cut: fc.integer({ min: 1, max: 200 }),
    connects: fc.boolean(),
  }),
);

test("whatever a peer sends, it is answered or cut off, and others go on", async () => {
  const server = await startServer({ maxPacketBytes: 4_096 });
  const other = await connected(server, { clientId: "other" });
  await fc.assert(
    fc.asyncProperty(stream, async ({ version, bytes, cut, connects }) => {
      const peer = connects
        ? await connected(server, { clientId: "peer" }, version)
        : new TestClient(server, version);
      for (let at = 0; at < bytes.length && !peer.isEnded; at += cut) {
        peer.sendBytes(bytes.subarray(at, at + cut));
        await settle();
      }
      peer.drop();
      other.send({ type: "pingreq" });

      expect(other.take()).toContainEqual({ type: "pingresp" });
      expect(server.broker.clients.size).toBe(1);
    }),
    { numRuns: 400 },
  );
}, 30_000);

test("random bytes are refused or not understood, before a CONNECT and after", async () => {
  const server = await startServer();
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), fc.boolean(), async (bytes, connects) => {
      const peer = connects ? await connected(server) : new TestClient(server);
      peer.sendBytes(bytes);
      await settle();
      peer.drop();

      expect(server.broker.clients.size).toBe(0);
    }),
    { numRuns: 400 },
  );
}, 30_000);
