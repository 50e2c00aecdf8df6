import { describe, expect, it } from "vitest";
import type { FrameHeaders, Version } from "./frame.ts";
import { encodeFrame } from "./frame-encoder.ts";

const hostile: FrameHeaders = [["a:b\nc", "x\r\ny:\\z"]];

describe("encoding a frame", () => {
  it.each<[Version, string]>([
    ["1.0", "MESSAGE\na_b_c:x  y:\\z\ncontent-length:0\n\n\0"],
    ["1.1", "MESSAGE\na\\cb\\nc:x\r\\ny\\c\\\\z\ncontent-length:0\n\n\0"],
    ["1.2", "MESSAGE\na\\cb\\nc:x\\r\\ny\\c\\\\z\ncontent-length:0\n\n\0"],
  ])("escapes as STOMP %s, Value Encoding, says", (version, wire) => {
    expect(encodeFrame("MESSAGE", hostile, version).toString()).toBe(wire);
  });

  it("never escapes CONNECTED, and lets no value become a header (STOMP 1.2, Value Encoding)", () => {
    expect(encodeFrame("CONNECTED", [["server", "a:\\b\nversion:9"]], "1.2").toString()).toBe(
      "CONNECTED\nserver:a:\\b version:9\n\n\0",
    );
  });

  it("announces the length of a body in bytes (STOMP 1.2, Header content-length)", () => {
    expect(encodeFrame("ERROR", [], "1.2", Buffer.from("é\0")).toString()).toBe(
      "ERROR\ncontent-length:3\n\né\0\0",
    );
  });

  it("writes no content-length where there can be no body", () => {
    expect(encodeFrame("RECEIPT", [["receipt-id", "77"]], "1.2").toString()).toBe(
      "RECEIPT\nreceipt-id:77\n\n\0",
    );
  });
});
