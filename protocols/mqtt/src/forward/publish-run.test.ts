import { expect, it } from "vitest";
import { PublishRun } from "./publish-run.ts";

const layout = { qos: 0, hasProperties: false } as const;
const packet = Buffer.from("3005000161ffff", "hex");

it("keeps most of a chunk as it is, and of a little of it a copy", () => {
  const chunk = Buffer.concat([packet, packet, Buffer.alloc(10)]);
  const own = Buffer.from(Uint8Array.from(chunk).buffer);
  const most = new PublishRun(own.subarray(0, 14), layout, 2).inLayout(layout);
  const little = new PublishRun(own.subarray(0, 7), layout, 1).inLayout(layout);

  expect([most.buffer === own.buffer, little.buffer === own.buffer]).toStrictEqual([true, false]);
  expect([most.toString("hex"), little.toString("hex")]).toStrictEqual([
    chunk.toString("hex", 0, 14),
    packet.toString("hex"),
  ]);
});

it("gives bytes of one's own to those who write into them", () => {
  const own = Buffer.from(Uint8Array.from(packet).buffer);

  expect(new PublishRun(own, layout, 1).ownIn(layout).buffer).not.toBe(own.buffer);
});
