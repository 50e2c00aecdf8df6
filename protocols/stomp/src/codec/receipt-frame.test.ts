import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { supportedVersions } from "./frame.ts";
import { encodeFrame } from "./frame-encoder.ts";
import { plainReceiptBytes, writePlainReceipt } from "./receipt-frame.ts";

const id = fc.oneof(
  fc.string({ maxLength: 70 }),
  fc.string({ maxLength: 8, unit: "binary" }),
  fc.stringMatching(/^receipt-\d{1,9}$/),
);

describe("a RECEIPT with a plain identifier", () => {
  it("is the frame that would be encoded, in every version", () => {
    fc.assert(
      fc.property(id, fc.constantFrom(...supportedVersions), (receipt, version) => {
        const byteCount = plainReceiptBytes(receipt);
        fc.pre(byteCount > 0);
        const target = Buffer.alloc(byteCount + 2, 1);
        writePlainReceipt(receipt, target, 1);

        const frame = encodeFrame("RECEIPT", [["receipt-id", receipt]], version);
        expect(target).toEqual(Buffer.from([1, ...frame, 1]));
      }),
    );
  });

  it.each(["a:b", "a\\b", "a b", "a\nb", "\r", "ä", "\x7f", "x".repeat(65)])(
    "is not one with %j",
    (receipt) => {
      expect(plainReceiptBytes(receipt)).toBe(0);
    },
  );
});
