import { asBuffer, BrokerError, ByteReader, type Headers } from "@dragoman/core";
import { readTable } from "./field-table.ts";
import { checkTable, type FieldNames } from "./field-table-check.ts";
import { shortened } from "./primitives.ts";
import type { BasicProperties } from "./properties.ts";

/** Places in the flags, from the highest bit down, and thereby in the list. AMQP 0-9-1 §4.2.6.1 */
const CONTENT_TYPE = 0;
const CONTENT_ENCODING = 1;
const HEADERS = 2;
const DELIVERY_MODE = 3;
const PRIORITY = 4;
const CORRELATION_ID = 5;
const REPLY_TO = 6;
const EXPIRATION = 7;
const MESSAGE_ID = 8;
const TIMESTAMP = 9;
const TYPE = 10;
const USER_ID = 11;
const APP_ID = 12;
const CLUSTER_ID = 13;
const COUNT = 14;

/** The last two bits of the flags: one is not used, the other would announce more flags. */
const OTHER_FLAGS = 3;

/**
 * The properties of a message as they came: flags and list. Checked once when they come, then read where
 * they lie and only when somebody asks, and sent on as they are.
 */
export class PropertyList implements BasicProperties {
  /** Flags and list. A view into what the constructor was given. */
  readonly bytes: Buffer;
  readonly #flags: number;

  /** @throws BrokerError "malformed" when the list does not end where its bytes end */
  constructor(bytes: Uint8Array) {
    this.bytes = asBuffer(bytes);
    if (bytes.length < 2) throw new BrokerError("malformed", "content header without property flags");
    this.#flags = this.bytes.readUInt16BE(0);
    if ((this.#flags & OTHER_FLAGS) !== 0) throw new BrokerError("malformed", "unknown property flags");
    const end = this.#check();
    if (end !== bytes.length) {
      throw new BrokerError("malformed", `property list of ${bytes.length} bytes, fields need ${end}`);
    }
  }

  get contentType(): string | undefined {
    return this.#text(CONTENT_TYPE);
  }

  get contentEncoding(): string | undefined {
    return this.#text(CONTENT_ENCODING);
  }

  /** Decoded anew at each call. */
  get headers(): Headers | undefined {
    const at = this.#find(HEADERS);
    return at === undefined ? undefined : readTable(new ByteReader(this.bytes, at));
  }

  /** True when a header has one of the names; nothing is decoded. */
  hasHeaderNamed(names: FieldNames): boolean {
    const at = this.#find(HEADERS);
    return at !== undefined && names.standIn(this.bytes, at);
  }

  get deliveryMode(): number | undefined {
    return this.#octet(DELIVERY_MODE);
  }

  get priority(): number | undefined {
    return this.#octet(PRIORITY);
  }

  get correlationId(): string | undefined {
    return this.#text(CORRELATION_ID);
  }

  get replyTo(): string | undefined {
    return this.#text(REPLY_TO);
  }

  get expiration(): string | undefined {
    return this.#text(EXPIRATION);
  }

  get messageId(): string | undefined {
    return this.#text(MESSAGE_ID);
  }

  get timestamp(): bigint | undefined {
    const at = this.#find(TIMESTAMP);
    return at === undefined ? undefined : this.bytes.readBigUInt64BE(at);
  }

  get type(): string | undefined {
    return this.#text(TYPE);
  }

  get userId(): string | undefined {
    return this.#text(USER_ID);
  }

  get appId(): string | undefined {
    return this.#text(APP_ID);
  }

  get clusterId(): string | undefined {
    return this.#text(CLUSTER_ID);
  }

  /** All of them at once, to be changed and encoded anew. */
  decodeAll(): BasicProperties {
    return {
      contentType: this.contentType,
      contentEncoding: this.contentEncoding,
      headers: this.headers,
      deliveryMode: this.deliveryMode,
      priority: this.priority,
      correlationId: this.correlationId,
      replyTo: this.replyTo,
      expiration: this.expiration,
      messageId: this.messageId,
      timestamp: this.timestamp,
      type: this.type,
      userId: this.userId,
      appId: this.appId,
      clusterId: this.clusterId,
    };
  }

  #has(place: number): boolean {
    return (this.#flags & (0x8000 >> place)) !== 0;
  }

  #find(place: number): number | undefined {
    if (!this.#has(place)) return undefined;
    let at = 2;
    for (let before = 0; before < place; before++) if (this.#has(before)) at = this.#skip(before, at);
    return at;
  }

  /** What is not UTF-8 gets longer as text: it is cut, so that it can be written again. */
  #text(place: number): string | undefined {
    const at = this.#find(place);
    if (at === undefined) return undefined;
    return shortened(this.bytes.toString("utf8", at + 1, at + 1 + this.bytes.readUInt8(at)));
  }

  #octet(place: number): number | undefined {
    const at = this.#find(place);
    return at === undefined ? undefined : this.bytes.readUInt8(at);
  }

  /** Walks the whole list once; afterwards no read can leave it. */
  #check(): number {
    const end = this.bytes.length;
    let at = 2;
    for (let place = 0; place < COUNT; place++) {
      if (!this.#has(place)) continue;
      if (at >= end) throw new BrokerError("malformed", "property list ends early");
      at = place === HEADERS ? checkTable(this.bytes, at, end) : this.#skip(place, at);
      if (at > end) throw new BrokerError("malformed", "property list ends early");
    }
    return at;
  }

  #skip(place: number, at: number): number {
    switch (place) {
      case HEADERS:
        return at + 4 + this.bytes.readUInt32BE(at);
      case DELIVERY_MODE:
      case PRIORITY:
        return at + 1;
      case TIMESTAMP:
        return at + 8;
      default:
        return at + 1 + this.bytes.readUInt8(at);
    }
  }
}
