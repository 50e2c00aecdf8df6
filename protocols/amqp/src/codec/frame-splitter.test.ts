import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AmqpError } from "./amqp-error.ts";
import { FrameSplitter } from "./frame-splitter.ts";

interface Frame {
  readonly type: number;
  readonly channel: number;
  readonly payload: Uint8Array;
}

function encode(frames: readonly Frame[]): Buffer {
  return Buffer.concat(
    frames.map(({ type, channel, payload }) => {
      const head = Buffer.alloc(7);
      head.writeUInt8(type);
      head.writeUInt16BE(channel, 1);
      head.writeUInt32BE(payload.length, 3);
      return Buffer.concat([head, payload, Buffer.from([0xce])]);
    }),
  );
}

function taken(splitter: FrameSplitter): Frame[] {
  const frames: Frame[] = [];
  while (splitter.next()) {
    const { type, channel, payload } = splitter;
    frames.push({ type, channel, payload: Uint8Array.from(payload) });
  }
  return frames;
}

const frame: fc.Arbitrary<Frame> = fc.record({
  type: fc.constantFrom(1, 2, 3, 8),
  channel: fc.integer({ min: 0, max: 65535 }),
  payload: fc.uint8Array({ maxLength: 40 }),
});

describe("frames, AMQP 0-9-1 §4.2.3", () => {
  it("gives the same frames however the stream is cut", () => {
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 30 })),
        (frames, cuts) => {
          const stream = encode(frames);
          const splitter = new FrameSplitter(4096);
          const got: Frame[] = [];
          let at = 0;
          for (const cut of [...cuts, stream.length]) {
            splitter.push(stream.subarray(at, at + cut));
            got.push(...taken(splitter));
            at += cut;
          }
          expect(got).toEqual(frames);
        },
      ),
    );
  });

  it("gives the same frames byte by byte", () => {
    const frames = [
      { type: 8, channel: 0, payload: new Uint8Array(0) },
      { type: 3, channel: 7, payload: Uint8Array.from({ length: 300 }, (_, at) => at % 256) },
    ];
    const splitter = new FrameSplitter(4096);

    const got = [...encode(frames)].flatMap((octet) => {
      splitter.push(Uint8Array.of(octet));
      return taken(splitter);
    });

    expect(got).toEqual(frames);
  });

  it("keeps chunks that came while nobody took frames, in order", () => {
    const frames = [1, 2, 3].map((channel) => ({ type: 1, channel, payload: Uint8Array.of(channel) }));
    const stream = encode(frames);
    const splitter = new FrameSplitter(4096);

    splitter.push(stream.subarray(0, 12));
    expect(splitter.next()).toBe(true);
    splitter.push(stream.subarray(12, 20));
    splitter.push(new Uint8Array(0));
    splitter.push(stream.subarray(20));

    expect(taken(splitter).map(({ channel }) => channel)).toEqual([2, 3]);
  });

  it("shows a whole frame where it lies, without a copy", () => {
    const stream = encode([{ type: 3, channel: 1, payload: Uint8Array.of(1, 2, 3) }]);
    const splitter = new FrameSplitter(4096);
    splitter.push(stream);
    splitter.next();

    expect(splitter.bytes.buffer).toBe(stream.buffer);
    expect([splitter.start, splitter.end]).toEqual([7, 10]);
  });

  it("lets go of the chunk when there is no frame any more", () => {
    const splitter = new FrameSplitter(4096);
    splitter.push(encode([{ type: 8, channel: 0, payload: new Uint8Array(0) }]));

    expect([splitter.next(), splitter.bytes.length]).toEqual([true, 8]);
    expect([splitter.next(), splitter.bytes.length]).toEqual([false, 0]);
  });

  it("refuses a size over frame-max before its payload comes, §4.2.3", () => {
    const whole = new FrameSplitter(4096);
    whole.push(Uint8Array.of(3, 0, 1, 0, 0, 0x10, 0x01));
    const broken = new FrameSplitter(4096);
    broken.push(Uint8Array.of(3, 0, 1, 0xff));
    broken.next();
    broken.push(Uint8Array.of(0xff, 0xff, 0xff));

    expect(() => whole.next()).toThrow(AmqpError);
    expect(() => broken.next()).toThrow(AmqpError);
  });

  it("follows the frame-max that was agreed upon; 0 is none", () => {
    const splitter = new FrameSplitter(4096);
    splitter.setFrameMax(0);
    splitter.push(encode([{ type: 3, channel: 1, payload: new Uint8Array(5000) }]));

    expect(splitter.next()).toBe(true);
  });

  it("refuses an end octet that is not 0xCE, in place and broken over chunks", () => {
    const stream = encode([{ type: 3, channel: 1, payload: Uint8Array.of(1) }]);
    stream[8] = 0;
    const whole = new FrameSplitter(4096);
    whole.push(stream);
    const broken = new FrameSplitter(4096);
    broken.push(stream.subarray(0, 8));
    broken.next();
    broken.push(stream.subarray(8));

    for (const splitter of [whole, broken]) expect(() => splitter.next()).toThrow(AmqpError);
  });

  it("refuses a type that does not exist", () => {
    const splitter = new FrameSplitter(4096);
    splitter.push(encode([{ type: 4, channel: 0, payload: new Uint8Array(0) }]));

    expect(() => splitter.next()).toThrow(AmqpError);
  });
});
