import {
  CORE_PROPERTIES,
  DEFAULT_EXCHANGE,
  encodeCoreProperties,
  Message,
  Topic,
  TOPIC_SPACE,
} from "@dragoman/core";
import { describe, expect, it } from "vitest";
import type { Version } from "../codec/frame.ts";
import { defaultStompOptions } from "../options.ts";
import { DestinationSpelling } from "./delivered-destination.ts";
import { parseDestination } from "./destination.ts";
import { MessageEncoder, MessageVariant } from "./message-frame.ts";

function variant(destination: string, version: Version): MessageVariant {
  return new MessageVariant(version, new DestinationSpelling(parseDestination(destination), destination));
}

const dots = variant("/topic/a.#", "1.2");

function messageOf(body: Uint8Array): Message {
  return new Message({
    exchange: TOPIC_SPACE,
    topic: new Topic("a/b"),
    body,
    publisher: { protocol: "core", version: "1", connectionId: "", clientId: "", user: "", peer: "" },
    receivedAtMs: 0,
    durable: false,
    codec: CORE_PROPERTIES,
    raw: encodeCoreProperties({ headers: [] }),
  });
}

describe("encoding MESSAGE for many receivers", () => {
  it("happens once for each version and manner of spelling, and for messages that are alike", () => {
    const encoder = new MessageEncoder(() => 0, defaultStompOptions);
    const message = messageOf(Buffer.from("x"));
    const lines = encoder.lines(message, dots);

    expect(encoder.lines(message.with({ body: Buffer.from("y") }), dots)).toBe(lines);
    expect(encoder.lines(message, variant("/topic/a.b", "1.2"))).toBe(lines);
    for (const [destination, version] of [
      ["/topic/a/b", "1.2"],
      ["topic://a.b", "1.2"],
      ["/topic/a.b", "1.1"],
      ["/queue/a", "1.2"],
      ["/exchange/a", "1.2"],
    ] as const) {
      expect(encoder.lines(message, variant(destination, version))).not.toBe(lines);
    }
    encoder.forget();
    expect(encoder.lines(message, dots)).not.toBe(lines);
  });

  it("spells what was sent to a queue as each of its subscriptions does", () => {
    const encoder = new MessageEncoder(() => 0, defaultStompOptions);
    const message = messageOf(Buffer.from("x")).with({
      exchange: DEFAULT_EXCHANGE,
      topic: new Topic("jobs"),
    });
    const destinations = ["/queue/jobs", "queue://jobs", "/temp-queue/mine", "/amq/queue/other", "/topic/#"];
    const spelled = destinations.map((destination) => {
      const lines = encoder.lines(message, variant(destination, "1.2")).toString();
      return lines.slice(0, lines.indexOf("\n"));
    });

    expect(spelled).toEqual([
      "destination:/queue/jobs",
      "destination:queue\\c//jobs",
      "destination:/temp-queue/mine",
      "destination:/queue/jobs",
      "destination:/queue/jobs",
    ]);
  });

  it("happens once for each of many topics that take turns, and is forgotten when there are too many", () => {
    const encoder = new MessageEncoder(() => 0, defaultStompOptions);
    const message = messageOf(Buffer.from("x"));
    const messages = Array.from({ length: 1_024 }, (_, i) => message.with({ topic: new Topic(`a/${i}`) }));
    const lines = messages.map((each) => encoder.lines(each, dots));
    messages.forEach((each, i) => expect(encoder.lines(each, dots)).toBe(lines[i]));

    encoder.lines(message, dots);
    messages.forEach((each, i) => expect(encoder.lines(each, dots)).not.toBe(lines[i]));
  });

  it.each<[string, Partial<Message>]>([
    ["topic", { topic: new Topic("a/c") }],
    ["priority", { priority: 4 }],
    ["durability", { durable: true }],
    ["retain", { retain: true }],
    ["deadline", { expiresAtMs: 1 }],
    ["properties", { raw: encodeCoreProperties({ headers: [], type: "t" }) }],
  ])("is done anew for a message of another %s", (_what, changes) => {
    const encoder = new MessageEncoder(() => 0, defaultStompOptions);
    const message = messageOf(Buffer.from("x"));
    const lines = encoder.lines(message, dots);

    expect(encoder.lines(message.with(changes), dots)).not.toBe(lines);
  });

  it("knows whether the frame may travel as text (UTF-8)", () => {
    const encoder = new MessageEncoder(() => 0, defaultStompOptions);

    expect(encoder.isText(messageOf(Buffer.from("é\0")))).toBe(true);
    expect(encoder.isText(messageOf(Buffer.from([0xff])))).toBe(false);
  });
});
