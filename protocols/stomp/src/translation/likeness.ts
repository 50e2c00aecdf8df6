import { asBuffer, type Message } from "@dragoman/core";

/** What header lines are written from, without the body, so that it can be kept. */
export type Likeness = Pick<
  Message,
  "publisher" | "topic" | "exchange" | "codec" | "priority" | "durable" | "retain" | "raw"
>;

/** More properties than this are not kept. */
const maxRawBytes = 1024;

/** Undefined when no other message will be like it: what has a deadline says something else each time. */
export function likenessOf(message: Message): Likeness | undefined {
  if (!isTimeless(message) || message.raw.length > maxRawBytes) return undefined;
  const { publisher, topic, exchange, codec, priority, durable, retain, raw } = message;
  return { publisher, topic, exchange, codec, priority, durable, retain, raw };
}

/** True when nothing differs that header lines are written from. */
export function isLike(message: Message, other: Likeness): boolean {
  return (
    message.publisher === other.publisher &&
    message.topic === other.topic &&
    message.exchange === other.exchange &&
    message.codec === other.codec &&
    message.priority === other.priority &&
    message.durable === other.durable &&
    message.retain === other.retain &&
    isTimeless(message) &&
    areSame(message.raw, other.raw)
  );
}

function isTimeless({ expiresAtMs, deaths }: Message): boolean {
  return expiresAtMs === undefined && deaths.length === 0;
}

function areSame(raw: Uint8Array, other: Uint8Array): boolean {
  return raw === other || (raw.length === other.length && (raw.length === 0 || asBuffer(raw).equals(other)));
}
