import type { Binding, BindingSpec, Destination } from "./binding.ts";
import { asBuffer } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { patternFromId } from "./pattern.ts";
import { decodeRecord, encodeRecord } from "./record.ts";
import { decodeSubscriptions, encodeSubscriptions } from "./subscription-record.ts";

/** A binding as it is stored: its ends by name. */
export interface BindingRecord {
  readonly source: string;
  readonly destination: { readonly kind: "queue" | "exchange"; readonly name: string };
  readonly spec: BindingSpec;
}

const TO_EXCHANGE = 1;
const HAS_PATTERN = 2;
const HAS_SUBSCRIPTION = 4;
const IS_NO_LOCAL = 8;
const HAS_ARGUMENTS = 16;

/** A binding as bytes for an engine. There may be millions, all read at the start: this is not JSON. */
export function encodeBinding({ source, destination, spec }: Binding): Uint8Array {
  const { kind, name } = namedDestination(destination);
  const { key, pattern, match, subscription, extra } = spec;
  const flags = (kind === "exchange" ? TO_EXCHANGE : 0) | flagsOf(spec);
  const writer = new ByteWriter();
  writer.uint8(flags);
  writeText(writer, source.name);
  writeText(writer, name);
  writeText(writer, key);
  if (pattern !== undefined) writeText(writer, pattern.id);
  if (subscription !== undefined) writePart(writer, encodeSubscriptions([subscription]));
  if (subscription?.noLocalFor !== undefined) writeText(writer, subscription.noLocalFor);
  if ((flags & HAS_ARGUMENTS) !== 0) writePart(writer, encodeRecord({ match, extra }));
  return writer.finish();
}

export function decodeBinding(record: Uint8Array): BindingRecord {
  const parts = new Parts(record);
  const { flags } = parts;
  const source = parts.text();
  const destination = {
    kind: (flags & TO_EXCHANGE) === 0 ? "queue" : "exchange",
    name: parts.text(),
  } as const;
  const key = parts.text();
  const pattern = (flags & HAS_PATTERN) === 0 ? undefined : patternFromId(parts.text());
  const plain = (flags & HAS_SUBSCRIPTION) === 0 ? undefined : decodeSubscriptions(parts.next())[0];
  const subscription =
    plain === undefined || (flags & IS_NO_LOCAL) === 0 ? plain : { ...plain, noLocalFor: parts.text() };
  const spec: BindingSpec = { key, pattern, subscription };
  if ((flags & HAS_ARGUMENTS) === 0) return { source, destination, spec };
  const more = decodeRecord<Pick<BindingSpec, "match" | "extra">>(parts.next());
  return { source, destination, spec: { ...spec, ...more } };
}

export function namedDestination(destination: Destination): BindingRecord["destination"] {
  switch (destination.kind) {
    case "queue":
      return { kind: "queue", name: destination.queue.name };
    case "exchange":
      return { kind: "exchange", name: destination.exchange.name };
    case "subscriber":
      throw new Error("a live subscriber is never stored");
  }
}

function flagsOf({ pattern, subscription, match, extra }: BindingSpec): number {
  return (
    (pattern === undefined ? 0 : HAS_PATTERN) |
    (subscription === undefined ? 0 : HAS_SUBSCRIPTION) |
    (subscription?.noLocalFor === undefined ? 0 : IS_NO_LOCAL) |
    (match === undefined && extra === undefined ? 0 : HAS_ARGUMENTS)
  );
}

function writeText(writer: ByteWriter, text: string): void {
  writer.uint32(Buffer.byteLength(text)).utf8(text);
}

function writePart(writer: ByteWriter, bytes: Uint8Array): void {
  writer.uint32(bytes.length).bytes(bytes);
}

/** The parts of a record, one after the other. They are our own: nothing needs to be checked. */
class Parts {
  readonly flags: number;
  readonly #bytes: Buffer;
  #at = 1;

  constructor(record: Uint8Array) {
    this.#bytes = asBuffer(record);
    this.flags = this.#bytes.readUInt8(0);
  }

  text(): string {
    const start = this.#at + 4;
    this.#at = start + this.#bytes.readUInt32BE(this.#at);
    return this.#bytes.toString("utf8", start, this.#at);
  }

  next(): Buffer {
    const start = this.#at + 4;
    this.#at = start + this.#bytes.readUInt32BE(this.#at);
    return this.#bytes.subarray(start, this.#at);
  }
}
