import { expect, test } from "vitest";
import { sameBytes, viewOf } from "../codec/same-bytes.ts";
import { type FramedPublish, KnownPublishes } from "./known-publishes.ts";

test("publishes of all channels in turn are found, when they come again and again", () => {
  const publishes = new KnownPublishes<FramedPublish>();
  const all = Array.from({ length: 2047 }, (_, channel) => publishTo(channel + 1, "queue"));
  for (let round = 0; round < 20; round++) sendEach(publishes, all);
  expect(sendEach(publishes, all)).toBeGreaterThan(1_500);
});

test("publishes that do not come again take up no more and more room", () => {
  const publishes = new KnownPublishes<FramedPublish>();
  const all = Array.from({ length: 20_000 }, (_, number) => publishTo(1, `answers.${number}`));
  expect(sendEach(publishes, all)).toBe(0);
  expect(all.filter(({ frame }) => publishes.find(frame, 0, frame.byteLength)).length).toBeLessThanOrEqual(
    512,
  );
});

test("nor do those of which few come again in a second", () => {
  const publishes = new KnownPublishes<FramedPublish>();
  const all = Array.from({ length: 2_000 }, (_, number) => publishTo(1, `slow.${number}`));
  for (let round = 0; round < 20; round++) {
    for (let at = 0; at < all.length; at += 100) {
      sendEach(publishes, all.slice(at, at + 100));
      publishes.tick();
    }
  }
  expect(all.filter(({ frame }) => publishes.find(frame, 0, frame.byteLength)).length).toBeLessThanOrEqual(
    512,
  );
});

/** How many were known. */
function sendEach(publishes: KnownPublishes<FramedPublish>, all: readonly FramedPublish[]): number {
  let known = 0;
  for (const publish of all) {
    const { frame } = publish;
    const found = publishes.find(frame, 0, frame.byteLength);
    if (found === undefined) publishes.add(publish);
    else known++;
    expect(found === undefined || found === publish).toBe(true);
  }
  return known;
}

/** basic.publish to the default exchange. AMQP 0-9-1 §1.8.3.9 */
function publishTo(channel: number, key: string): FramedPublish {
  const bytes = Buffer.alloc(21 + key.length);
  bytes.writeUInt8(1, 0);
  bytes.writeUInt16BE(channel, 1);
  bytes.writeUInt32BE(bytes.length - 8, 3);
  bytes.writeUInt32BE(0x3c_0028, 7);
  bytes.writeUInt8(key.length, 14);
  bytes.write(key, 15, "latin1");
  bytes.writeUInt8(0xce, bytes.length - 1);
  const frame = viewOf(bytes);
  return { frame, isAt: (other, at, end) => at + frame.byteLength <= end && sameBytes(other, at, frame) };
}
