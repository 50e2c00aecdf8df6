import { asBuffer } from "./byte-reader.ts";
import { CORE_PROPERTIES } from "./core-properties.ts";
import { BrokerError } from "./errors.ts";
import { GenerationCache } from "./generation-cache.ts";
import { type Death, Message, type Publisher, type Qos } from "./message.ts";
import { readMessageId } from "./message-id.ts";
import type { PropertyCodec } from "./properties.ts";
import { decodeRecord, encodeRecord } from "./record.ts";
import type { Topic, TopicTable } from "./topic.ts";

/** The layout below. A record of another layout is refused, never guessed at. */
const LAYOUT = 1;

const DURABLE = 1;
const RETAIN = 2;
const HAS_QOS = 4;
const QOS_SHIFT = 3;
const HAS_PRIORITY = 32;
const HAS_DEADLINE = 64;
const HAS_EXTRAS = 128;

const ID_AT = 2;
const TIME_AT = 18;
/** Layout, flags, identity and time of arrival. */
const FIXED_BYTES = 26;
/** Priority, deadline and the lengths of three variable parts. */
const LARGEST_OPTIONAL_BYTES = 1 + 8 + 3 * 4;

/** Who published, how the properties are to be read, and where it goes: often alike for many in a row. */
interface Route {
  readonly codec: PropertyCodec;
  readonly publisher: Publisher;
  readonly exchange: string;
  readonly topic: Topic;
}

/** Codec and publisher as they are stored; what is alike in both is written once. */
type OriginRecord = readonly [
  protocol: string,
  version: string,
  user: string,
  peer: string,
  connectionId: string,
  clientId?: string,
  publisherProtocol?: string,
  publisherVersion?: string,
];

/** What few messages have. */
interface Extras {
  readonly copies: readonly string[] | undefined;
  readonly ttlRaw: string | undefined;
  readonly delayMs: number | undefined;
  readonly deaths: readonly Death[];
}

const NO_EXTRAS: Extras = { copies: undefined, ttlRaw: undefined, delayMs: undefined, deaths: [] };

interface EncodedRoute {
  readonly codec: PropertyCodec;
  readonly exchange: string;
  readonly topic: Topic;
  readonly origin: Uint8Array;
  readonly bytes: Uint8Array;
}

/** The latest of each publisher. */
const encodedRoutes = new WeakMap<Publisher, EncodedRoute>();
const NO_BYTES = Buffer.alloc(0);

/** A message as bytes for an engine. */
export function encodeMessage(message: Message): Uint8Array {
  const target = Buffer.allocUnsafe(messageRecordBound(message));
  return target.subarray(0, writeMessage(message, target, 0));
}

/** As many bytes as the record of the message needs, or more. */
export function messageRecordBound(message: Message): number {
  const extras = extrasOf(message)?.length ?? 0;
  return FIXED_BYTES + LARGEST_OPTIONAL_BYTES + routeOf(message).length + extras + message.memoryBytes;
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
  message.writeId(target, start + ID_AT);
  let at = target.writeDoubleBE(message.receivedAtMs, start + TIME_AT);
  if (priority !== undefined) at = target.writeUInt8(priority, at);
  if (expiresAtMs !== undefined) at = target.writeDoubleBE(expiresAtMs, at);
  at = writeBytes(routeOf(message), target, at);
  if (extras !== undefined) at = writeBytes(extras, target, at);
  at = writeBytes(message.raw, target, at);
  target.set(message.body, at);
  return at + message.body.length;
}

/** Knows how to read messages back: the property codecs of all protocols that may have written them. */
export class MessageDecoder {
  readonly #codecs: ReadonlyMap<string, PropertyCodec>;
  readonly #origins = new GenerationCache<string, Pick<Route, "codec" | "publisher">>(1_024);
  #latestRaw: Buffer = NO_BYTES;
  #latest: { readonly route: Route; readonly bytes: Buffer; readonly topics: TopicTable } | undefined;

  constructor(codecs: readonly PropertyCodec[]) {
    const all = [CORE_PROPERTIES, ...codecs];
    this.#codecs = new Map(all.map((codec) => [`${codec.protocol} ${codec.version}`, codec]));
  }

  /**
   * @param record becomes part of the message: it must not change afterwards
   * @param start where it begins in these bytes; it ends at `end`
   * @throws BrokerError "unavailable" when the record was written by a protocol that this broker does not
   *   have, or by a later release
   */
  decode(record: Uint8Array, topics: TopicTable, start: number = 0, end: number = record.length): Message {
    // One pass with offsets: a backlog of millions is read this way, and each view would cost an object.
    const bytes = asBuffer(record);
    const layout = bytes.readUInt8(start);
    if (layout !== LAYOUT) {
      throw new BrokerError("unavailable", `a stored message has layout ${layout}, which this broker lacks`);
    }
    const flags = bytes.readUInt8(start + 1);
    let at = start + FIXED_BYTES;
    const priority = (flags & HAS_PRIORITY) === 0 ? undefined : bytes.readUInt8(at++);
    const expiresAtMs = (flags & HAS_DEADLINE) === 0 ? undefined : bytes.readDoubleBE(at);
    if (expiresAtMs !== undefined) at += 8;
    const routeAt = at + 4;
    at = routeAt + bytes.readUInt32BE(at);
    const { codec, publisher, exchange, topic } = this.#route(bytes, routeAt, at, topics);
    let extras = NO_EXTRAS;
    if ((flags & HAS_EXTRAS) !== 0) {
      const extrasEnd = at + 4 + bytes.readUInt32BE(at);
      extras = decodeRecord<Extras>(bytes.subarray(at + 4, extrasEnd));
      at = extrasEnd;
    }
    const rawBytes = bytes.readUInt32BE(at);
    at += 4;
    return new Message({
      id: readMessageId(bytes, start + ID_AT),
      exchange,
      topic,
      copies: extras.copies?.map((path) => topics.fromPath(path)),
      publisher,
      receivedAtMs: bytes.readDoubleBE(start + TIME_AT),
      durable: (flags & DURABLE) !== 0,
      qos: qosOf(flags),
      priority,
      retain: (flags & RETAIN) !== 0,
      expiresAtMs,
      ttlRaw: extras.ttlRaw,
      delayMs: extras.delayMs,
      deaths: extras.deaths,
      codec,
      raw: this.#raw(bytes, at, at + rawBytes),
      body: bytes.subarray(at + rawBytes, end),
    });
  }

  /** Properties that are like those of the message before are the same bytes: a view for each would cost more. */
  #raw(bytes: Buffer, start: number, end: number): Buffer {
    if (start === end) return NO_BYTES;
    if (end - start > MAX_ALIKE_BYTES) return bytes.subarray(start, end);
    if (!isAlike(this.#latestRaw, bytes, start, end))
      this.#latestRaw = Buffer.from(bytes.subarray(start, end));
    return this.#latestRaw;
  }

  #route(bytes: Buffer, start: number, end: number, topics: TopicTable): Route {
    const latest = this.#latest;
    if (latest !== undefined && latest.topics === topics && latest.bytes.length === end - start) {
      if (bytes.compare(latest.bytes, 0, latest.bytes.length, start, end) === 0) return latest.route;
    }
    const originEnd = start + 4 + bytes.readUInt32BE(start);
    const exchangeEnd = originEnd + 4 + bytes.readUInt32BE(originEnd);
    const route: Route = {
      ...this.#origin(bytes.toString("utf8", start + 4, originEnd)),
      exchange: bytes.toString("utf8", originEnd + 4, exchangeEnd),
      topic: topics.fromPath(bytes.toString("utf8", exchangeEnd, end)),
    };
    this.#latest = { route, bytes: Buffer.from(bytes.subarray(start, end)), topics };
    return route;
  }

  #origin(text: string): Pick<Route, "codec" | "publisher"> {
    const known = this.#origins.get(text);
    if (known !== undefined) return known;
    const origin = decodeOrigin(text, this.#codecs);
    this.#origins.set(text, origin);
    return origin;
  }
}

/** Longer ones are not compared: a view costs less. */
const MAX_ALIKE_BYTES = 32;

function isAlike(known: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let at = 0; at < known.length; at++) if (known[at] !== bytes[start + at]) return false;
  return true;
}

function routeOf({ publisher, codec, exchange, topic }: Message): Uint8Array {
  const known = encodedRoutes.get(publisher);
  if (known?.topic === topic && known.exchange === exchange && known.codec === codec) return known.bytes;
  const origin = known?.codec === codec ? known.origin : encodeOrigin(codec, publisher);
  const exchangeBytes = Buffer.byteLength(exchange);
  const bytes = Buffer.allocUnsafe(8 + origin.length + exchangeBytes + Buffer.byteLength(topic.path));
  let at = writeBytes(origin, bytes, 0);
  at = bytes.writeUInt32BE(exchangeBytes, at);
  at += bytes.write(exchange, at, "utf8");
  bytes.write(topic.path, at, "utf8");
  encodedRoutes.set(publisher, { codec, exchange, topic, origin, bytes });
  return bytes;
}

function encodeOrigin(codec: PropertyCodec, publisher: Publisher): Uint8Array {
  const { protocol, version } = codec;
  const { user, peer, connectionId, clientId } = publisher;
  const record: OriginRecord = [protocol, version, user, peer, connectionId];
  const isOwn = publisher.protocol === protocol && publisher.version === version;
  if (isOwn && clientId === connectionId) return Buffer.from(JSON.stringify(record));
  if (isOwn) return Buffer.from(JSON.stringify([...record, clientId]));
  return Buffer.from(JSON.stringify([...record, clientId, publisher.protocol, publisher.version]));
}

function decodeOrigin(
  text: string,
  codecs: ReadonlyMap<string, PropertyCodec>,
): Pick<Route, "codec" | "publisher"> {
  const record: OriginRecord = JSON.parse(text);
  const [protocol, version, user, peer, connectionId, clientId = connectionId, ...own] = record;
  const codec = codecs.get(`${protocol} ${version}`);
  if (codec === undefined) {
    throw new BrokerError(
      "unavailable",
      `a stored message needs ${protocol} ${version}, which this broker lacks`,
    );
  }
  const [publisherProtocol = protocol, publisherVersion = version] = own;
  const names = { connectionId, clientId, user, peer };
  return { codec, publisher: { protocol: publisherProtocol, version: publisherVersion, ...names } };
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

function qosOf(flags: number): Qos | undefined {
  if ((flags & HAS_QOS) === 0) return undefined;
  const qos = (flags >> QOS_SHIFT) & 3;
  return qos === 0 || qos === 1 ? qos : 2;
}
