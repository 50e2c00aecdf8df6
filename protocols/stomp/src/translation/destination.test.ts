import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exchangeDestinationText, parseDestination, queueDestinationText } from "./destination.ts";
import { replyQueueText } from "./reply-to.ts";

const anyName = fc
  .array(
    fc.oneof(
      fc.constantFrom("/", "%", ".", "%2F", "€", "\r\n", " "),
      fc.string({ unit: "grapheme", maxLength: 3 }),
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((parts) => parts.join(""))
  .filter((name) => name !== "");

describe("a destination", () => {
  it.each([
    ["/queue/a", { kind: "queue", name: "a" }],
    ["/queue/a/b%2Fc", { kind: "queue", name: "a/b/c" }],
    ["/amq/queue/a", { kind: "amq-queue", name: "a" }],
    ["/temp-queue/a", { kind: "temp-queue", name: "a" }],
    ["/reply-queue/a%25", { kind: "reply-queue", name: "a%" }],
    ["/exchange/e", { kind: "exchange", exchange: "e", key: undefined }],
    ["/exchange/e/", { kind: "exchange", exchange: "e", key: "" }],
    ["/exchange/a%2Fb/k/l.m", { kind: "exchange", exchange: "a/b", key: "k/l.m" }],
    ["/topic/a.b", { kind: "topic", prefix: "/topic/", text: "a.b", style: "dot" }],
    ["topic://a.b", { kind: "topic", prefix: "topic://", text: "a.b", style: "dot" }],
    ["queue://a", { kind: "queue", name: "a" }],
  ])("%s", (text, destination) => {
    expect(parseDestination(text)).toEqual(destination);
  });

  it.each([
    "",
    "a",
    "/",
    "/queue",
    "/queue/",
    "/topic",
    "/nowhere/a",
    "queue/a",
    "/exchange/",
    "/exchange//k",
    "/amq/queue/",
    "/Queue/a",
  ])("%j is refused", (text) => {
    expect(() => parseDestination(text)).toThrow(/destination/);
  });

  it("names the same queue or exchange when it is read as it was written", () => {
    fc.assert(
      fc.property(anyName, anyName, (name, key) => {
        expect(parseDestination(queueDestinationText(name))).toEqual({ kind: "queue", name });
        expect(parseDestination(replyQueueText(name))).toEqual({ kind: "reply-queue", name });
        expect(parseDestination(exchangeDestinationText(name, key))).toEqual({
          kind: "exchange",
          exchange: name,
          key,
        });
      }),
      { numRuns: 1_000 },
    );
  });
});
