import fc from "fast-check";
import { expect, test } from "vitest";
import { CORE_PROPERTIES } from "./core-properties.ts";
import { BrokerError } from "./errors.ts";
import { type Death, Message, type MessageFields } from "./message.ts";
import { encodeMessage, MessageDecoder, MessageSequence } from "./message-record.ts";
import type { PropertyCodec } from "./properties.ts";
import { TopicTable } from "./topic.ts";

const topics = new TopicTable();
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });
const text = fc.string({ unit: "grapheme", maxLength: 10 });
const topic = text.map((path) => topics.fromPath(path));
const time = fc.integer({ min: 0, max: 2 ** 45 });
const death: fc.Arbitrary<Death> = fc.record({
  reason: fc.constantFrom("rejected" as const, "expired" as const),
  queue: text,
  exchange: text,
  keys: fc.array(text),
  count: fc.nat(),
  atMs: time,
  originalTtlMs: optional(fc.nat()),
});
const fields: fc.Arbitrary<MessageFields> = fc.record({
  exchange: text,
  topic,
  copies: optional(fc.array(topic, { minLength: 1 })),
  body: fc.uint8Array(),
  publisher: fc.record({
    protocol: text,
    version: text,
    connectionId: text,
    clientId: text,
    user: text,
    peer: text,
  }),
  receivedAtMs: time,
  durable: fc.boolean(),
  qos: optional(fc.constantFrom(0 as const, 1 as const, 2 as const)),
  priority: optional(fc.nat(255)),
  retain: fc.boolean(),
  expiresAtMs: optional(time),
  ttlRaw: optional(text),
  delayMs: optional(fc.nat()),
  deaths: fc.array(death, { maxLength: 2 }),
  codec: fc.constant(CORE_PROPERTIES),
  raw: fc.uint8Array(),
});

test("a message comes back from its record as it was", () => {
  const decoder = new MessageDecoder([]);
  fc.assert(
    fc.property(fields, (written) => {
      const message = new Message(written);
      const read = decoder.decode(encodeMessage(message), topics);

      expect(shown(read)).toEqual(shown(message));
      expect([read.id, read.topic]).toEqual([message.id, message.topic]);
    }),
  );
});

test("messages written one behind the other come back as they were, and share heads as they did", () => {
  const body = fc.record({ body: fc.uint8Array(), receivedAtMs: time, expiresAtMs: optional(time) });
  const alike = fc.tuple(fields, fc.array(body, { maxLength: 4 }));
  fc.assert(
    fc.property(fc.array(alike, { maxLength: 4 }), (groups) => {
      const messages = groups.flatMap(([first, bodies]) => {
        const message = new Message(first);
        return [message, ...bodies.map((own) => new Message(own, message.head))];
      });
      const sequence = new MessageSequence();
      const target = Buffer.alloc(messages.length * 4_096);
      const decoder = new MessageDecoder([]);
      const ends: number[] = [];
      for (const message of messages) {
        const start = ends.at(-1) ?? 0;
        const bound = sequence.bound(message);
        const end = sequence.write(message, target, start);
        expect(end - start).toBeLessThanOrEqual(bound);
        ends.push(end);
      }
      const read = ends.map((end, i) => decoder.decode(target, topics, ends[i - 1] ?? 0, end));

      expect(read.map(shown)).toEqual(messages.map(shown));
      expect(read.map(({ id }) => id)).toEqual(messages.map(({ id }) => id));
      for (let i = 1; i < read.length; i++)
        if (hasHeadBefore(messages, i)) expect(hasHeadBefore(read, i)).toBe(true);
    }),
  );
});

test("a record of a protocol or layout that this broker lacks is refused", () => {
  const codec: PropertyCodec = { protocol: "other", version: "9", decode: () => ({ headers: [] }) };
  const [sample] = fc.sample(fields, 1);
  if (sample === undefined) throw new Error("no sample");
  const record = encodeMessage(new Message({ ...sample, codec }));

  expect(() => new MessageDecoder([]).decode(record, topics)).toThrow(BrokerError);
  expect(new MessageDecoder([codec]).decode(record, topics).codec).toBe(codec);
  record[0] = 99;
  expect(() => new MessageDecoder([codec]).decode(record, topics)).toThrow(BrokerError);
});

function hasHeadBefore(messages: readonly Message[], index: number): boolean {
  return messages[index]?.head === messages[index - 1]?.head;
}

/** All its fields, with bytes as text so that views of any kind compare. */
function shown(message: Message): unknown {
  const { head, body, receivedAtMs, expiresAtMs } = message;
  const shownFields = [...Object.entries(head), ...Object.entries({ body, receivedAtMs, expiresAtMs })];
  return shownFields.map(([name, value]: [string, unknown]) => [
    name,
    value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value,
  ]);
}
