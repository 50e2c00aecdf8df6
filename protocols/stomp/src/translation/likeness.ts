import { asBuffer, type Message, type MessageHead } from "@dragoman/core";

/** More properties than this are not kept. */
const maxRawBytes = 1024;

/**
 * The head of a message, if header lines of other messages may be the same: what has a deadline or a history says
 * something else each time.
 */
export function repeatableHead({ head, expiresAtMs }: Message): MessageHead | undefined {
  return expiresAtMs === undefined && head.deaths.length === 0 && head.raw.length <= maxRawBytes
    ? head
    : undefined;
}

/** True when nothing differs that header lines are written from. */
export function isLike(message: Message, other: MessageHead): boolean {
  const { head } = message;
  if (message.expiresAtMs !== undefined) return false;
  return (
    head === other ||
    (head.publisher === other.publisher &&
      head.topic === other.topic &&
      head.exchange === other.exchange &&
      head.codec === other.codec &&
      head.priority === other.priority &&
      head.durable === other.durable &&
      head.retain === other.retain &&
      head.deaths.length === 0 &&
      areSame(head.raw, other.raw))
  );
}

function areSame(raw: Uint8Array, other: Uint8Array): boolean {
  return raw === other || (raw.length === other.length && (raw.length === 0 || asBuffer(raw).equals(other)));
}
