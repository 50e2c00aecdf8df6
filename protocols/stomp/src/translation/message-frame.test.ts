import { CORE_PROPERTIES, Message, Topic, TOPIC_SPACE } from "@dragoman/core";
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
    raw: new Uint8Array(),
  });
}

describe("encoding MESSAGE for many receivers", () => {
  it("happens once for each version and destination", () => {
    const encoder = new MessageEncoder(() => 0, defaultStompOptions);
    const message = messageOf(Buffer.from("x"));
    const tail = encoder.tail(message, "/topic/a.b", "1.2");

    expect(encoder.tail(message, "/topic/a.b", "1.2")).toBe(tail);
    expect(encoder.tail(message, "/topic/a/b", "1.2")).not.toBe(tail);
    expect(encoder.tail(message, "/topic/a.b", "1.1")).not.toBe(tail);
    encoder.forget();
    expect(encoder.tail(message, "/topic/a.b", "1.2")).not.toBe(tail);
  });

  it("copies a small body behind its headers, and leaves a large one alone", () => {
    const encoder = new MessageEncoder(() => 0, defaultStompOptions);
    const large = Buffer.alloc(16 * 1024, "x");

    expect(encoder.tail(messageOf(Buffer.from("x")), "/topic/t", "1.2")).toMatchObject({ body: undefined });
    expect(
      encoder
        .tail(messageOf(Buffer.from("x")), "/topic/t", "1.2")
        .head.subarray(-3)
        .toString(),
    ).toBe("\nx\0");
    expect(encoder.tail(messageOf(large), "/topic/t", "1.2").body?.buffer).toBe(large.buffer);
  });

  it("knows whether the frame may travel as text (UTF-8)", () => {
    const encoder = new MessageEncoder(() => 0, defaultStompOptions);

    expect(encoder.tail(messageOf(Buffer.from("é\0")), "/topic/t", "1.2").isText).toBe(true);
    expect(encoder.tail(messageOf(Buffer.from([0xff])), "/topic/t", "1.2").isText).toBe(false);
  });
});
