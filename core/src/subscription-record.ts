import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import type { Qos } from "./message.ts";
import { plainSubscription, type Subscription } from "./subscription.ts";

const RETAIN_AS_PUBLISHED = 4;
const HAS_ID = 8;
const RETAINED_COPY = 16;

/** The messages of a route have the same: they are encoded once for all that follow one another. */
let latest: readonly Subscription[] | undefined;
let latestBytes: Uint8Array = new Uint8Array();

/** Subscriptions as bytes for the engine; the no-local rule was applied before and is not kept. */
export function encodeSubscriptions(subscriptions: readonly Subscription[]): Uint8Array {
  if (subscriptions !== latest) {
    latestBytes = encode(subscriptions);
    latest = subscriptions;
  }
  return latestBytes;
}

function encode(subscriptions: readonly Subscription[]): Uint8Array {
  const writer = new ByteWriter(subscriptions.length * 5);
  for (const { qos, retainAsPublished, id, isRetainedCopy } of subscriptions) {
    const retain =
      (retainAsPublished ? RETAIN_AS_PUBLISHED : 0) | (isRetainedCopy === true ? RETAINED_COPY : 0);
    writer.uint8(qos | retain | (id === undefined ? 0 : HAS_ID));
    if (id !== undefined) writer.uint32(id);
  }
  return writer.finish();
}

export function decodeSubscriptions(bytes: Uint8Array): Subscription[] {
  const reader = new ByteReader(bytes);
  const subscriptions: Subscription[] = [];
  while (reader.left > 0) {
    const flags = reader.uint8();
    const subscription = plainSubscription(toQos(flags & 3), (flags & RETAIN_AS_PUBLISHED) !== 0);
    if ((flags & (HAS_ID | RETAINED_COPY)) === 0) {
      subscriptions.push(subscription);
    } else {
      const id = (flags & HAS_ID) === 0 ? undefined : reader.uint32();
      subscriptions.push({ ...subscription, id, isRetainedCopy: (flags & RETAINED_COPY) !== 0 });
    }
  }
  return subscriptions;
}

/** A level of delivery from two bits of a record. */
export function toQos(value: number): Qos {
  return value === 0 || value === 1 ? value : 2;
}
