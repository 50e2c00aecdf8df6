import type { Binding, BindingSpec, Destination } from "./binding.ts";
import { asBuffer } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { patternFromId } from "./pattern.ts";
import { decodeRecord, encodeRecord } from "./record.ts";
import { plainSubscription, type Subscription } from "./subscription.ts";
import { toQos } from "./subscription-record.ts";

/** A binding as it is stored: its ends by name. */
export interface BindingRecord {
  readonly source: string;
  readonly destination: { readonly kind: "queue" | "exchange"; readonly name: string };
  readonly spec: BindingSpec;
}

const HAS_PATTERN = 1;
const HAS_SUBSCRIPTION = 2;
const HAS_ID = 4;
const IS_NO_LOCAL = 8;
const HAS_ARGUMENTS = 16;

const RETAIN_AS_PUBLISHED = 4;

/** A binding as bytes for an engine. There may be millions, all read at the start: this is not JSON. */
export function encodeBinding({ source, destination, spec }: Binding): Uint8Array {
  const { kind, name } = namedDestination(destination);
  const { key, pattern, match, subscription, extra } = spec;
  const flags = flagsOf(spec);
  const writer = new ByteWriter();
  writer.uint8(flags).uint8(kind === "exchange" ? 1 : 0);
  writeText(writer, source.name);
  writeText(writer, name);
  writeText(writer, key);
  if (pattern !== undefined) writeText(writer, pattern.id);
  if (subscription !== undefined) writeSubscription(writer, subscription);
  if ((flags & HAS_ARGUMENTS) !== 0) writePart(writer, encodeRecord({ match, extra }));
  return writer.finish();
}

/** Reads them back. Those that lead to the same end come one after the other: its names are read once. */
export class BindingDecoder {
  #ends: Ends = { bytes: Buffer.alloc(0), source: "", destination: { kind: "queue", name: "" } };

  decode(record: Uint8Array): BindingRecord {
    const reader = new RecordReader(record);
    const { flags } = reader;
    const { source, destination } = this.#endsOf(reader);
    const key = reader.text();
    const pattern = (flags & HAS_PATTERN) === 0 ? undefined : patternFromId(reader.text());
    const subscription = (flags & HAS_SUBSCRIPTION) === 0 ? undefined : readSubscription(reader);
    const spec: BindingSpec = { key, pattern, subscription };
    if ((flags & HAS_ARGUMENTS) === 0) return { source, destination, spec };
    const more = decodeRecord<Pick<BindingSpec, "match" | "extra">>(reader.part());
    return { source, destination, spec: { ...spec, ...more } };
  }

  #endsOf(reader: RecordReader): Ends {
    if (reader.skipSame(this.#ends.bytes)) return this.#ends;
    const start = reader.at;
    const kind = reader.uint8() === 0 ? "queue" : "exchange";
    const source = reader.text();
    const destination = { kind, name: reader.text() } as const;
    this.#ends = { bytes: reader.copySince(start), source, destination };
    return this.#ends;
  }
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
    (subscription?.id === undefined ? 0 : HAS_ID) |
    (match === undefined && extra === undefined ? 0 : HAS_ARGUMENTS)
  );
}

function writeText(writer: ByteWriter, text: string): void {
  writer.uint32(Buffer.byteLength(text)).utf8(text);
}

function writePart(writer: ByteWriter, bytes: Uint8Array): void {
  writer.uint32(bytes.length).bytes(bytes);
}

function writeSubscription(
  writer: ByteWriter,
  { qos, retainAsPublished, id, noLocalFor }: Subscription,
): void {
  writer.uint8(qos | (retainAsPublished ? RETAIN_AS_PUBLISHED : 0));
  if (id !== undefined) writer.uint32(id);
  if (noLocalFor !== undefined) writeText(writer, noLocalFor);
}

function readSubscription(reader: RecordReader): Subscription {
  const byte = reader.uint8();
  const subscription = plainSubscription(toQos(byte & 3), (byte & RETAIN_AS_PUBLISHED) !== 0);
  if ((reader.flags & (HAS_ID | IS_NO_LOCAL)) === 0) return subscription;
  const id = (reader.flags & HAS_ID) === 0 ? undefined : reader.uint32();
  const noLocalFor = (reader.flags & IS_NO_LOCAL) === 0 ? undefined : reader.text();
  return { ...subscription, id, noLocalFor };
}

/** The beginning of a record, with what it says. */
interface Ends extends Pick<BindingRecord, "source" | "destination"> {
  readonly bytes: Buffer;
}

/** Goes through a record. It is our own: nothing in it needs to be checked. */
class RecordReader {
  readonly flags: number;
  readonly #bytes: Buffer;
  #at = 1;

  constructor(record: Uint8Array) {
    this.#bytes = asBuffer(record);
    this.flags = this.#bytes.readUInt8(0);
  }

  get at(): number {
    return this.#at;
  }

  /** True, and behind it, when the next bytes are these. */
  skipSame(wanted: Buffer): boolean {
    const end = this.#at + wanted.length;
    if (wanted.length === 0 || end > this.#bytes.length) return false;
    if (this.#bytes.compare(wanted, 0, wanted.length, this.#at, end) !== 0) return false;
    this.#at = end;
    return true;
  }

  copySince(start: number): Buffer {
    return Buffer.from(this.#bytes.subarray(start, this.#at));
  }

  uint8(): number {
    return this.#bytes.readUInt8(this.#at++);
  }

  uint32(): number {
    this.#at += 4;
    return this.#bytes.readUInt32BE(this.#at - 4);
  }

  text(): string {
    const end = this.uint32() + this.#at;
    const text = this.#bytes.toString("utf8", this.#at, end);
    this.#at = end;
    return text;
  }

  part(): Buffer {
    const end = this.uint32() + this.#at;
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }
}
