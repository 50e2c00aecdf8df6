import { CORE_PROPERTIES, encodeCoreProperties, Message, Topic, TOPIC_SPACE } from "@dragoman/core";
import { describe, expect, it } from "vitest";
import { defaultStompOptions } from "../options.ts";
import { MessageEncoder } from "./message-frame.ts";

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
  it("happens once for each version and destination, and for messages that are alike", () => {
    const encoder = new MessageEncoder(() => 0, defaultStompOptions);
    const message = messageOf(Buffer.from("x"));
    const lines = encoder.lines(message, "/topic/a.b", "1.2");

    expect(encoder.lines(message.with({ body: Buffer.from("y") }), "/topic/a.b", "1.2")).toBe(lines);
    expect(encoder.lines(message, "/topic/a/b", "1.2")).not.toBe(lines);
    expect(encoder.lines(message, "/topic/a.b", "1.1")).not.toBe(lines);
    encoder.forget();
    expect(encoder.lines(message, "/topic/a.b", "1.2")).not.toBe(lines);
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
    const lines = encoder.lines(message, "/topic/a.b", "1.2");

    expect(encoder.lines(message.with(changes), "/topic/a.b", "1.2")).not.toBe(lines);
  });

  it("knows whether the frame may travel as text (UTF-8)", () => {
    const encoder = new MessageEncoder(() => 0, defaultStompOptions);

    expect(encoder.isText(messageOf(Buffer.from("é\0")))).toBe(true);
    expect(encoder.isText(messageOf(Buffer.from([0xff])))).toBe(false);
  });
});
