import { BrokerError } from "@dragoman/core";
import { describe, expect, it } from "vitest";
import { FrameDecoder } from "./frame-decoder.ts";
import { frames, smallLimits } from "./frame.vectors.ts";
import { defaultFrameLimits } from "./frame-limits.ts";
import { inMegabytes, maxGrowthBytes, memoryInUse } from "../testing/memory.ts";

/** How many mutations to try; a million takes some ten seconds. */
const mutations = Number(process.env["DRAGOMAN_FUZZ"] ?? 20_000);

/** xorshift32: the same mutations on every run. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const alphabet = Buffer.from("\n\r\0:\\cnrt 09-\xff\xc3content-length:", "latin1");

function mutate(wire: Buffer, random: (below: number) => number): Buffer {
  const bytes = [...wire];
  for (let changes = 1 + random(4); changes > 0; changes--) {
    const at = random(bytes.length + 1);
    const byte = random(4) === 0 ? random(256) : (alphabet[random(alphabet.length)] ?? 0);
    const kind = random(4);
    if (kind === 0) bytes.splice(at, 1);
    else if (kind === 1) bytes.splice(at, 0, byte);
    else if (kind === 2) bytes.splice(at, 0, ...bytes.slice(at, at + random(20)));
    else bytes[at] = byte;
  }
  return Buffer.from(bytes);
}

describe("mutations of valid frames", () => {
  it(`give frames or a BrokerError and nothing else (${mutations} of them)`, async ({ annotate }) => {
    const random = randomFrom(0x5eed);
    const wires = frames.map((vector) => Buffer.from(vector.wire));
    let accepted = 0;
    let refused = 0;
    const before = memoryInUse(process);
    for (let round = 0; round < mutations; round++) {
      const wire = mutate(wires[random(wires.length)] ?? Buffer.alloc(0), random);
      const decoder = new FrameDecoder(random(2) === 0 ? smallLimits : defaultFrameLimits);
      decoder.version = ([undefined, "1.0", "1.1", "1.2"] as const)[random(4)];
      const cut = random(wire.length + 1);
      try {
        decoder.push(wire.subarray(0, cut));
        while (decoder.next() !== undefined) accepted++;
        decoder.push(wire.subarray(cut));
        while (decoder.next() !== undefined) accepted++;
      } catch (error) {
        if (!(error instanceof BrokerError)) throw error;
        refused++;
        decoder.failedReceipt();
      }
    }

    const after = memoryInUse(process);
    await annotate(
      `${mutations} mutations: ${accepted} frames, ${refused} refused; memory ${inMegabytes(before)} before, ${inMegabytes(after)} after`,
    );

    expect(accepted).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
    expect(after - before).toBeLessThan(maxGrowthBytes);
  }, 600_000);
});
