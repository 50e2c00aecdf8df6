import { asBuffer } from "./byte-reader.ts";
import type { Exchange } from "./exchange.ts";
import type { Pattern } from "./pattern.ts";
import type { Queue } from "./queue.ts";
import { encodeRecord } from "./record.ts";
import type { Subscriber, Subscription } from "./subscription.ts";
import type { Headers } from "./value.ts";

/** How a headers exchange compares: all or any of the wanted headers, with or without those named `x-…`. */
export interface HeaderMatch {
  readonly mode: "all" | "any" | "all-with-x" | "any-with-x";
  /** A value of type "void" asks for the header's presence only. */
  readonly headers: Headers;
}

export type Destination =
  | { readonly kind: "queue"; readonly queue: Queue }
  | { readonly kind: "exchange"; readonly exchange: Exchange }
  | { readonly kind: "subscriber"; readonly subscriber: Subscriber };

export interface BindingSpec {
  /** As it was written, levels joined by ".". */
  readonly key: string;
  /** What a topic exchange selects; without it the key is read with "*" and "#" as wildcards. */
  readonly pattern?: Pattern | undefined;
  readonly match?: HeaderMatch | undefined;
  /** Given when the binding is a subscription: it travels with each delivery. */
  readonly subscription?: Subscription | undefined;
  /** What the protocol that made it wants back when it lists bindings; compared as text for identity. */
  readonly extra?: string | undefined;
}

/** Where a binding leads, and what selects it. */
export interface Lead {
  readonly destination: Destination;
  readonly spec: BindingSpec;
  readonly pattern: Pattern;
}

/** Leads from an exchange to a queue, another exchange or a live subscriber. */
export interface Binding extends Lead {
  readonly source: Exchange;
}

/**
 * Identity of a binding within its source and destination: equal for those that are the same by AMQP 0-9-1's rule,
 * key and arguments. The pattern says all that the key says.
 */
export function bindingId({ match, extra = "" }: BindingSpec, pattern: Pattern): string {
  if (match === undefined && extra === "") return pattern.id;
  const wanted = match === undefined ? "" : asBuffer(encodeRecord(match)).toString();
  return JSON.stringify([pattern.id, wanted, extra]);
}
