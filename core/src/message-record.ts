import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { CORE_PROPERTIES } from "./core-properties.ts";
import { type Death, Message, type Publisher, type Qos } from "./message.ts";
import type { PropertyCodec } from "./properties.ts";
import { decodeRecord, encodeRecord } from "./record.ts";
import type { TopicTable } from "./topic.ts";

/** Everything but body and raw properties, which follow as they are. */
interface MessageHead {
  readonly id: string;
  readonly exchange: string;
  readonly path: string;
  readonly copies: readonly string[] | undefined;
  readonly publisher: Publisher;
  readonly receivedAtMs: number;
  readonly durable: boolean;
  readonly qos: Qos | undefined;
  readonly priority: number | undefined;
  readonly retain: boolean;
  readonly expiresAtMs: number | undefined;
  readonly ttlRaw: string | undefined;
  readonly delayMs: number | undefined;
  readonly deaths: readonly Death[];
  readonly protocol: string;
  readonly version: string;
}

/** A message as bytes for an engine. */
export function encodeMessage(message: Message): Uint8Array {
  const head: MessageHead = {
    id: message.id,
    exchange: message.exchange,
    path: message.topic.path,
    copies: message.copies?.map(({ path }) => path),
    publisher: message.publisher,
    receivedAtMs: message.receivedAtMs,
    durable: message.durable,
    qos: message.qos,
    priority: message.priority,
    retain: message.retain,
    expiresAtMs: message.expiresAtMs,
    ttlRaw: message.ttlRaw,
    delayMs: message.delayMs,
    deaths: message.deaths,
    protocol: message.codec.protocol,
    version: message.codec.version,
  };
  const encodedHead = encodeRecord(head);
  return new ByteWriter(8 + encodedHead.length + message.byteCount)
    .uint32(encodedHead.length)
    .bytes(encodedHead)
    .uint32(message.raw.length)
    .bytes(message.raw)
    .bytes(message.body)
    .finish();
}

/** Knows how to read messages back: the property codecs of all protocols that may have written them. */
export class MessageDecoder {
  readonly #codecs: ReadonlyMap<string, PropertyCodec>;

  constructor(codecs: readonly PropertyCodec[]) {
    const all = [CORE_PROPERTIES, ...codecs];
    this.#codecs = new Map(all.map((codec) => [`${codec.protocol} ${codec.version}`, codec]));
  }

  /** @throws Error when the record was written by a protocol that this broker does not have */
  decode(record: Uint8Array, topics: TopicTable): Message {
    const reader = new ByteReader(record);
    const head = decodeRecord<MessageHead>(reader.take(reader.uint32()));
    const raw = reader.take(reader.uint32());
    const codec = this.#codecs.get(`${head.protocol} ${head.version}`);
    if (codec === undefined) {
      throw new Error(`a stored message needs ${head.protocol} ${head.version}, which this broker lacks`);
    }
    const { path, copies, ...fields } = head;
    return new Message({
      ...fields,
      topic: topics.fromPath(path),
      copies: copies?.map((copy) => topics.fromPath(copy)),
      codec,
      raw,
      body: reader.take(reader.left),
    });
  }
}
