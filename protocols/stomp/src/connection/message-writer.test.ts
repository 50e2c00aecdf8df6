import { CORE_PROPERTIES, encodeCoreProperties, Message, Topic, TOPIC_SPACE } from "@dragoman/core";
import { FakeClock, MemoryTransport } from "@dragoman/core/testing";
import fc from "fast-check";
import { expect, it } from "vitest";
import { anyVersion } from "../codec/frame.arbitraries.ts";
import type { FrameHeader, Version } from "../codec/frame.ts";
import { encodeFrame } from "../codec/frame-encoder.ts";
import { defaultStompOptions } from "../options.ts";
import { DestinationSpelling } from "../translation/delivered-destination.ts";
import { parseDestination } from "../translation/destination.ts";
import { MessageEncoder } from "../translation/message-frame.ts";
import { type DeliveryMarks, MessageWriter, noMarks } from "./message-writer.ts";
import { Outbox } from "./outbox.ts";

interface AnyDelivery {
  readonly topic: Topic;
  readonly type: string | undefined;
  readonly body: Uint8Array;
  readonly number: number;
  readonly marks: DeliveryMarks;
}

const anyBody = fc.oneof(
  fc.uint8Array({ maxLength: 20 }),
  fc.constantFrom(99, 100, 16_383, 16_384, 70_000).map((length) => Buffer.alloc(length, "é\n")),
);

const anyDelivery: fc.Arbitrary<AnyDelivery> = fc.record({
  topic: fc.constantFrom(new Topic("a/b"), new Topic("a/b.c:d")),
  type: fc.constantFrom(undefined, "one", "two:\n"),
  body: anyBody,
  number: fc.oneof(fc.nat(20), fc.constantFrom(99, 100, 9_999_999_999, 10_000_000_000)),
  marks: fc.oneof(
    { weight: 4, arbitrary: fc.constant(noMarks) },
    fc.constant({ redelivered: true, retained: true, offset: 7 }),
  ),
});

const publisher = { protocol: "stomp", version: "1.2", connectionId: "", clientId: "", user: "", peer: "" };

function messageOf({ topic, type, body }: AnyDelivery): Message {
  return new Message({
    exchange: TOPIC_SPACE,
    topic,
    body,
    publisher,
    receivedAtMs: 1_700_000_000_000,
    durable: false,
    codec: CORE_PROPERTIES,
    raw: encodeCoreProperties({ headers: [], type }),
  });
}

/** The same frame, written header by header. */
function plainFrame(
  message: Message,
  { topic, type, number, marks }: AnyDelivery,
  version: Version,
  id: string,
  acknowledges: number | undefined,
): Buffer {
  const token = acknowledges === undefined ? undefined : `${acknowledges}-${number}`;
  const hasAck = version === "1.2";
  const headers: (readonly [string, string | undefined])[] = [
    ["subscription", id],
    ["message-id", token === undefined || hasAck ? message.id : `${message.id}.${token}`],
    ["ack", hasAck ? token : undefined],
    ["redelivered", String(marks.redelivered)],
    ["retained", marks.retained ? "true" : undefined],
    ["x-stream-offset", marks.offset === undefined ? undefined : String(marks.offset)],
    ["destination", topic.path === "a/b" ? "/topic/a.b" : "/topic/a.b%2Ec:d"],
    ["x-topic", topic.path === "a/b" ? undefined : topic.path],
    ["type", type],
  ];
  const there = headers.flatMap(([name, value]): FrameHeader[] =>
    value === undefined ? [] : [[name, value]],
  );
  return encodeFrame("MESSAGE", there, version, message.body);
}

it("writes each MESSAGE as it would be written header by header, whatever came before it", () => {
  fc.assert(
    fc.property(
      anyVersion,
      fc.option(fc.nat(12), { nil: undefined }),
      fc.array(anyDelivery, { maxLength: 30 }),
      (version, acknowledges, deliveries) => {
        const transport = new MemoryTransport();
        const clock = new FakeClock();
        const outbox = new Outbox(transport, clock, 1024);
        const id = version === "1.0" ? "s" : "é:\\";
        const writer = new MessageWriter({
          outbox,
          encoder: new MessageEncoder(() => clock.now(), defaultStompOptions),
          version,
          spelling: new DestinationSpelling(parseDestination("/topic/#"), "/topic/#"),
          subscriptionId: id,
          acknowledges,
        });
        const expected: Buffer[] = [];
        for (const delivery of deliveries) {
          const message = messageOf(delivery);
          writer.write(message, acknowledges === undefined ? 0 : delivery.number, delivery.marks);
          expected.push(plainFrame(message, delivery, version, id, acknowledges));
        }
        outbox.flush();

        expect(transport.take().toString("latin1")).toBe(Buffer.concat(expected).toString("latin1"));
      },
    ),
  );
});
