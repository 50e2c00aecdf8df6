import { BrokerError } from "@dragoman/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { packetArbitrary } from "./packet.arbitraries.ts";
import { encodePacket } from "./packet.ts";
import { PacketSplitter } from "./packet-splitter.ts";

const limit = 1 << 20;

test("any cut of a stream gives the same packets", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc
          .constantFrom(3, 4, 5)
          .chain((version) => packetArbitrary(version).map((packet) => encodePacket(packet, version))),
        {
          maxLength: 12,
        },
      ),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }),
      (packets, cuts) => {
        const stream = Buffer.concat(packets);
        const splitter = new PacketSplitter(limit);
        const got: string[] = [];
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const size = cuts[turn % cuts.length] ?? 1;
          splitter.push(stream.subarray(at, at + size));
          got.push(...take(splitter));
          at += size;
        }

        expect(got).toEqual(packets.map((packet) => packet.toString("hex")));
        expect(splitter.pendingBytes).toBe(0);
      },
    ),
    { numRuns: 200 },
  );
});

test("a whole packet is used where it lies in the chunk", () => {
  const chunk = Buffer.from("c00030050003612f62d000", "hex");
  const splitter = new PacketSplitter(limit);

  splitter.push(chunk);
  const places: number[][] = [];
  while (splitter.next()) {
    expect(splitter.bytes).toBe(chunk);
    places.push([splitter.start, splitter.bodyStart, splitter.end]);
  }

  expect(places).toEqual([
    [0, 2, 2],
    [2, 4, 9],
    [9, 11, 11],
  ]);
});

test("a reader that pauses finds later chunks in order", () => {
  const splitter = new PacketSplitter(limit);
  splitter.push(Buffer.from("c000d0", "hex"));
  splitter.push(Buffer.from("00e0", "hex"));
  splitter.push(Buffer.from("00", "hex"));

  expect(splitter.pendingBytes).toBe(6);
  expect(take(splitter)).toEqual(["c000", "d000", "e000"]);
});

test.each(["30ffff03", "30808004"])(
  "a packet over the limit is refused once its length is known: %s",
  (wire) => {
    const splitter = new PacketSplitter(65_535);
    const bytes = Buffer.from(wire, "hex");

    for (const byte of bytes.subarray(0, -1)) {
      splitter.push(Buffer.of(byte));
      expect(splitter.next()).toBe(false);
    }
    splitter.push(bytes.subarray(-1));

    expect(codeOf(splitter)).toBe("too-large");
  },
);

test("a packet of exactly the limit is accepted", () => {
  const splitter = new PacketSplitter(100);
  splitter.push(Buffer.concat([Buffer.of(0x30, 98), Buffer.alloc(98)]));

  expect(splitter.next()).toBe(true);
});

test("an announced length costs no memory before its bytes come", () => {
  const splitter = new PacketSplitter(268_435_460);
  splitter.push(Buffer.from("30ffffff7f00", "hex"));

  expect(splitter.next()).toBe(false);
  expect(splitter.pendingBytes).toBe(6);
});

test("a remaining length of five bytes is malformed, §2.1.4, however it is cut", () => {
  for (const cut of [1, 2, 3, 4, 5]) {
    const bytes = Buffer.from("30ffffffff01", "hex");
    const splitter = new PacketSplitter(limit);
    splitter.push(bytes.subarray(0, cut));
    splitter.push(bytes.subarray(cut));

    expect(codeOf(splitter)).toBe("malformed");
  }
});

test("16 MiB in small chunks is one packet", () => {
  const payload = 16 * 1024 * 1024;
  const splitter = new PacketSplitter(payload + 5);
  splitter.push(Buffer.from("3080808008", "hex"));
  const chunk = Buffer.alloc(1460, 7);
  let sent = 0;
  let found = false;
  while (sent < payload) {
    splitter.push(chunk.subarray(0, Math.min(1460, payload - sent)));
    sent += 1460;
    found = splitter.next();
  }

  expect(found).toBe(true);
  expect(splitter.end - splitter.bodyStart).toBe(payload);
  expect(splitter.bytes[splitter.end - 1]).toBe(7);
});

function take(splitter: PacketSplitter): string[] {
  const packets: string[] = [];
  while (splitter.next()) packets.push(splitter.bytes.toString("hex", splitter.start, splitter.end));
  return packets;
}

function codeOf(splitter: PacketSplitter): string {
  try {
    take(splitter);
  } catch (error) {
    if (error instanceof BrokerError) return error.code;
    throw error;
  }
  return "accepted";
}
