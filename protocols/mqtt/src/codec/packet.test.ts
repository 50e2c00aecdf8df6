import { BrokerError } from "@dragoman/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { acceptedVectors } from "./packet.vectors.ts";
import { packetArbitrary, publishArbitrary } from "./packet.arbitraries.ts";
import { decodePacket, encodePacket, type Packet } from "./packet.ts";
import { PacketSplitter } from "./packet-splitter.ts";
import { encodePublish, encodePublishHead } from "./publish.ts";
import type { ProtocolVersion } from "./protocol-version.ts";
import { refusedConnects } from "./refused-connect.vectors.ts";
import { refusedPublishes } from "./refused-publish.vectors.ts";
import { refusedSubscribes } from "./refused-subscribe.vectors.ts";

const versions = [3, 4, 5] as const;

describe("packets of the specification", () => {
  test.each(acceptedVectors.map((vector) => [vector.name, vector] as const))("%s", (_name, vector) => {
    const bytes = fromHex(vector.wire);

    const packet = decodeWhole(bytes, vector.version);

    expect(plain(packet)).toEqual(plain(vector.want));
    expect(encodePacket(packet, vector.version).toString("hex")).toBe(bytes.toString("hex"));
  });

  test.each([...refusedConnects, ...refusedPublishes, ...refusedSubscribes])(
    "%s is refused (MQTT level %i, %s) as %s",
    (_name, version, wire, code) => {
      expect(codeOf(() => decodeWhole(fromHex(wire), version))).toBe(code);
    },
  );
});

describe.each(versions)("any packet of protocol level %i", (version) => {
  test("is the same after encoding and decoding", () => {
    fc.assert(
      fc.property(packetArbitrary(version), (packet) => {
        expect(plain(decodeWhole(encodePacket(packet, version), version))).toEqual(plain(packet));
      }),
      { numRuns: 500 },
    );
  });

  test("is refused when a byte is missing or one too many, or is still a packet; nothing else is thrown", () => {
    fc.assert(
      fc.property(
        packetArbitrary(version),
        fc.integer({ min: 0, max: 400 }),
        fc.nat(255),
        (packet, at, value) => {
          const bytes = Buffer.from(encodePacket(packet, version));
          bytes[at % bytes.length] = value;
          decodeOrRefuse(bytes, version);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("random bytes give packets or a BrokerError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => decodeOrRefuse(Buffer.from(bytes), version)),
      { numRuns: 1000 },
    );
  });
});

function decodeWhole(bytes: Buffer, version: ProtocolVersion): Packet {
  const splitter = new PacketSplitter(1 << 20);
  splitter.push(bytes);
  expect(splitter.next()).toBe(true);
  expect(splitter.end).toBe(bytes.length);
  return decodePacket(splitter, version);
}

function decodeOrRefuse(bytes: Buffer, version: ProtocolVersion): void {
  try {
    const splitter = new PacketSplitter(1 << 16);
    splitter.push(bytes);
    while (splitter.next()) decodePacket(splitter, version);
  } catch (error) {
    expect(error).toBeInstanceOf(BrokerError);
  }
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof BrokerError) return error.code;
    throw error;
  }
  return "accepted";
}

function fromHex(wire: string): Buffer {
  return Buffer.from(wire.replaceAll(/[^0-9a-f]/g, ""), "hex");
}

/** Bytes as hex, so that views and copies compare equal. */
function plain(packet: Packet): unknown {
  return JSON.parse(
    JSON.stringify(packet, (_key, value: unknown) =>
      value !== null &&
      typeof value === "object" &&
      "type" in value &&
      value.type === "Buffer" &&
      "data" in value
        ? Buffer.from(value.data as number[]).toString("hex")
        : value,
    ),
  );
}

test.each([3, 4, 5] as const)("a PUBLISH of version %d is its head and its payload", (version) => {
  fc.assert(
    fc.property(publishArbitrary(version), (publish) => {
      const apart = Buffer.concat([encodePublishHead(publish, version), publish.payload]);

      expect(apart).toStrictEqual(encodePublish(publish, version));
    }),
  );
});
