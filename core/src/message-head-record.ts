import { CORE_PROPERTIES } from "./core-properties.ts";
import { BrokerError } from "./errors.ts";
import { GenerationCache } from "./generation-cache.ts";
import { MessageHead } from "./message-head.ts";
import type { Death, Publisher, Qos } from "./message.ts";
import type { PropertyCodec } from "./properties.ts";
import { decodeRecord, encodeRecord } from "./record.ts";
import type { Topic, TopicTable } from "./topic.ts";

const DURABLE = 1;
const RETAIN = 2;
const HAS_QOS = 4;
const QOS_SHIFT = 3;
const HAS_PRIORITY = 32;
const HAS_EXTRAS = 64;

/** Flags, priority and the lengths of two variable parts. */
const LARGEST_FIXED_PART = 1 + 1 + 2 * 4;

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

interface EncodedRoute {
  readonly codec: PropertyCodec;
  readonly exchange: string;
  readonly topic: Topic;
  readonly origin: Uint8Array;
  readonly bytes: Uint8Array;
}

/** The latest of each publisher. */
const encodedRoutes = new WeakMap<Publisher, EncodedRoute>();

/** As many bytes as the record of the head needs, or more. */
export function headRecordBound(head: MessageHead): number {
  const extras = extrasOf(head)?.length ?? 0;
  return LARGEST_FIXED_PART + routeOf(head).length + extras + head.raw.length;
}

/**
 * @param target has room for `headRecordBound` bytes at `start`
 * @returns the offset behind the last byte written
 */
export function writeHead(head: MessageHead, target: Buffer, start: number): number {
  const { durable, retain, qos, priority, raw } = head;
  const extras = extrasOf(head);
  target[start] =
    (durable ? DURABLE : 0) |
    (retain ? RETAIN : 0) |
    (qos === undefined ? 0 : HAS_QOS | (qos << QOS_SHIFT)) |
    (priority === undefined ? 0 : HAS_PRIORITY) |
    (extras === undefined ? 0 : HAS_EXTRAS);
  let at = start + 1;
  if (priority !== undefined) at = target.writeUInt8(priority, at);
  at = writeBytes(routeOf(head), target, at);
  if (extras !== undefined) at = writeBytes(extras, target, at);
  target.set(raw, at);
  return at + raw.length;
}

/** Knows how to read heads back: the property codecs of all protocols that may have written them. */
export class HeadDecoder {
  readonly #codecs: ReadonlyMap<string, PropertyCodec>;
  readonly #origins = new GenerationCache<string, Pick<Route, "codec" | "publisher">>(1_024);
  #latest: { readonly head: MessageHead; readonly topics: TopicTable } | undefined;
  /** Where the latest head was read. */
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;
  #latestRoute: { readonly route: Route; readonly bytes: Buffer; readonly topics: TopicTable } | undefined;

  constructor(codecs: readonly PropertyCodec[]) {
    const all = [CORE_PROPERTIES, ...codecs];
    this.#codecs = new Map(all.map((codec) => [`${codec.protocol} ${codec.version}`, codec]));
  }

  /**
   * Messages in a row that say the same get the same head: what is derived from it is derived once.
   *
   * @param bytes become part of the head: they must not change afterwards
   * @throws BrokerError "unavailable" when the head was written by a protocol that this broker does not have
   */
  decode(bytes: Buffer, at: number, end: number, topics: TopicTable): MessageHead {
    if (this.#latest?.topics === topics && this.#isLatest(bytes, at, end)) return this.#latest.head;
    const head = this.#read(bytes, at, end, topics);
    this.#latest = { head, topics };
    this.#place(bytes, at, end);
    return head;
  }

  #isLatest(bytes: Buffer, at: number, end: number): boolean {
    if (bytes === this.#bytes && at === this.#at) return true;
    if (end - at !== this.#end - this.#at) return false;
    if (this.#bytes.compare(bytes, at, end, this.#at, this.#end) !== 0) return false;
    this.#place(bytes, at, end);
    return true;
  }

  #place(bytes: Buffer, at: number, end: number): void {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  #read(bytes: Buffer, start: number, end: number, topics: TopicTable): MessageHead {
    const flags = bytes.readUInt8(start);
    let at = start + 1;
    const priority = (flags & HAS_PRIORITY) === 0 ? undefined : bytes.readUInt8(at++);
    const routeEnd = at + 4 + bytes.readUInt32BE(at);
    const { codec, publisher, exchange, topic } = this.#route(bytes, at + 4, routeEnd, topics);
    let extras: Extras | undefined;
    at = routeEnd;
    if ((flags & HAS_EXTRAS) !== 0) {
      const extrasEnd = at + 4 + bytes.readUInt32BE(at);
      extras = decodeRecord<Extras>(bytes.subarray(at + 4, extrasEnd));
      at = extrasEnd;
    }
    return new MessageHead({
      exchange,
      topic,
      publisher,
      durable: (flags & DURABLE) !== 0,
      qos: qosOf(flags),
      priority,
      retain: (flags & RETAIN) !== 0,
      codec,
      raw: bytes.subarray(at, end),
      ...extras,
      copies: extras?.copies?.map((path) => topics.fromPath(path)),
    });
  }

  #route(bytes: Buffer, start: number, end: number, topics: TopicTable): Route {
    const latest = this.#latestRoute;
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
    this.#latestRoute = { route, bytes: Buffer.from(bytes.subarray(start, end)), topics };
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

function routeOf({ publisher, codec, exchange, topic }: MessageHead): Uint8Array {
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

function extrasOf({ copies, ttlRaw, delayMs, deaths }: MessageHead): Uint8Array | undefined {
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
