import { ByteReader } from "./byte-reader.ts";
import { CORE_PROPERTIES } from "./core-properties.ts";
import { BrokerError } from "./errors.ts";
import { GenerationCache } from "./generation-cache.ts";
import { type Death, Message, type Publisher, type Qos } from "./message.ts";
import type { PropertyCodec } from "./properties.ts";
import { decodeRecord, encodeRecord } from "./record.ts";
import type { TopicTable } from "./topic.ts";

/** The layout below. A record of another layout is refused, never guessed at. */
const LAYOUT = 1;

const DURABLE = 1;
const RETAIN = 2;
const HAS_QOS = 4;
const QOS_SHIFT = 3;
const HAS_PRIORITY = 32;
const HAS_DEADLINE = 64;
const HAS_EXTRAS = 128;

/** Layout, flags, identity, time of arrival, priority, deadline and the lengths of five variable parts. */
const LARGEST_FIXED_PART = 1 + 1 + 16 + 8 + 1 + 8 + 5 * 4;
const LARGEST_CHARACTER = 3;

/** Who published and how the properties are to be read: the same for all messages of a connection. */
interface Origin {
  readonly codec: PropertyCodec;
  readonly publisher: Publisher;
}

interface OriginRecord {
  readonly protocol: string;
  readonly version: string;
  readonly publisher: Publisher;
}

/** What few messages have. */
interface Extras {
  readonly copies: readonly string[] | undefined;
  readonly ttlRaw: string | undefined;
  readonly delayMs: number | undefined;
  readonly deaths: readonly Death[];
}

const encodedOrigins = new WeakMap<
  Publisher,
  { readonly codec: PropertyCodec; readonly bytes: Uint8Array }
>();

/** A message as bytes for an engine. */
export function encodeMessage(message: Message): Uint8Array {
  const target = Buffer.allocUnsafe(messageRecordBound(message));
  return target.subarray(0, writeMessage(message, target, 0));
}

/** As many bytes as the record of the message needs, or more. */
export function messageRecordBound(message: Message): number {
  const { exchange, topic } = message;
  return (
    LARGEST_FIXED_PART +
    originOf(message).length +
    LARGEST_CHARACTER * (exchange.length + topic.path.length) +
    (extrasOf(message)?.length ?? 0) +
    message.byteCount
  );
}

/**
 * Writes the record of the message, so that many share one buffer.
 *
 * @param target has room for `messageRecordBound` bytes at `start`
 * @returns the offset behind the last byte written
 */
export function writeMessage(message: Message, target: Buffer, start: number): number {
  const { qos, priority, expiresAtMs } = message;
  const extras = extrasOf(message);
  target[start] = LAYOUT;
  target[start + 1] =
    (message.durable ? DURABLE : 0) |
    (message.retain ? RETAIN : 0) |
    (qos === undefined ? 0 : HAS_QOS | (qos << QOS_SHIFT)) |
    (priority === undefined ? 0 : HAS_PRIORITY) |
    (expiresAtMs === undefined ? 0 : HAS_DEADLINE) |
    (extras === undefined ? 0 : HAS_EXTRAS);
  message.writeId(target, start + 2);
  let at = target.writeDoubleBE(message.receivedAtMs, start + 18);
  if (priority !== undefined) at = target.writeUInt8(priority, at);
  if (expiresAtMs !== undefined) at = target.writeDoubleBE(expiresAtMs, at);
  at = writeBytes(originOf(message), target, at);
  at = writeText(message.exchange, target, at);
  at = writeText(message.topic.path, target, at);
  if (extras !== undefined) at = writeBytes(extras, target, at);
  at = writeBytes(message.raw, target, at);
  target.set(message.body, at);
  return at + message.body.length;
}

/** Knows how to read messages back: the property codecs of all protocols that may have written them. */
export class MessageDecoder {
  readonly #codecs: ReadonlyMap<string, PropertyCodec>;
  readonly #origins = new GenerationCache<string, Origin>(1_024);
  #lastOriginBytes: Buffer = Buffer.alloc(0);
  #lastOrigin: Origin | undefined;

  constructor(codecs: readonly PropertyCodec[]) {
    const all = [CORE_PROPERTIES, ...codecs];
    this.#codecs = new Map(all.map((codec) => [`${codec.protocol} ${codec.version}`, codec]));
  }

  /**
   * @param record becomes part of the message: it must not change afterwards
   * @throws BrokerError "unavailable" when the record was written by a protocol that this broker does not
   *   have, or by a later release
   */
  decode(record: Uint8Array, topics: TopicTable): Message {
    const reader = new ByteReader(record);
    const layout = reader.uint8();
    if (layout !== LAYOUT) {
      throw new BrokerError("unavailable", `a stored message has layout ${layout}, which this broker lacks`);
    }
    const flags = reader.uint8();
    const id = reader.take(16).toString("hex");
    const receivedAtMs = reader.float64();
    const priority = (flags & HAS_PRIORITY) === 0 ? undefined : reader.uint8();
    const expiresAtMs = (flags & HAS_DEADLINE) === 0 ? undefined : reader.float64();
    const { codec, publisher } = this.#origin(takeBytes(reader));
    const exchange = takeBytes(reader).toString("utf8");
    const topic = topics.fromPath(takeBytes(reader).toString("utf8"));
    const extras = (flags & HAS_EXTRAS) === 0 ? undefined : decodeRecord<Extras>(takeBytes(reader));
    return new Message({
      id,
      exchange,
      topic,
      copies: extras?.copies?.map((path) => topics.fromPath(path)),
      publisher,
      receivedAtMs,
      durable: (flags & DURABLE) !== 0,
      qos: (flags & HAS_QOS) === 0 ? undefined : toQos((flags >> QOS_SHIFT) & 3),
      priority,
      retain: (flags & RETAIN) !== 0,
      expiresAtMs,
      ttlRaw: extras?.ttlRaw,
      delayMs: extras?.delayMs,
      deaths: extras?.deaths,
      codec,
      raw: takeBytes(reader),
      body: reader.take(reader.left),
    });
  }

  /** Most messages of a backlog come from few connections, and many in a row from one. */
  #origin(bytes: Buffer): Origin {
    if (this.#lastOrigin !== undefined && this.#lastOriginBytes.equals(bytes)) return this.#lastOrigin;
    const text = bytes.toString("utf8");
    let origin = this.#origins.get(text);
    if (origin === undefined) {
      const { protocol, version, publisher } = decodeRecord<OriginRecord>(bytes);
      const codec = this.#codecs.get(`${protocol} ${version}`);
      if (codec === undefined) {
        throw new BrokerError(
          "unavailable",
          `a stored message needs ${protocol} ${version}, which this broker lacks`,
        );
      }
      origin = { codec, publisher };
      this.#origins.set(text, origin);
    }
    this.#lastOriginBytes = Buffer.from(bytes);
    this.#lastOrigin = origin;
    return origin;
  }
}

function originOf({ publisher, codec }: Message): Uint8Array {
  const known = encodedOrigins.get(publisher);
  if (known?.codec === codec) return known.bytes;
  const { protocol, version } = codec;
  const record: OriginRecord = { protocol, version, publisher };
  const bytes = encodeRecord(record);
  encodedOrigins.set(publisher, { codec, bytes });
  return bytes;
}

function extrasOf({ copies, ttlRaw, delayMs, deaths }: Message): Uint8Array | undefined {
  if (copies === undefined && ttlRaw === undefined && delayMs === undefined && deaths.length === 0) {
    return undefined;
  }
  const extras: Extras = { copies: copies?.map(({ path }) => path), ttlRaw, delayMs, deaths };
  return encodeRecord(extras);
}

function writeBytes(bytes: Uint8Array, target: Buffer, at: number): number {
  target.set(bytes, target.writeUInt32BE(bytes.length, at));
  return at + 4 + bytes.length;
}

function writeText(text: string, target: Buffer, at: number): number {
  const byteCount = target.write(text, at + 4, "utf8");
  target.writeUInt32BE(byteCount, at);
  return at + 4 + byteCount;
}

function takeBytes(reader: ByteReader): Buffer {
  return reader.take(reader.uint32());
}

function toQos(value: number): Qos {
  return value === 0 || value === 1 ? value : 2;
}
