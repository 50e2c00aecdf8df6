import type { Address } from "./address.ts";
import type { Headers } from "./value.ts";

/**
 * What the application of the publisher said about its message, and no broker acts on: decoded only when
 * somebody reads it.
 */
export interface Properties {
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  /** The publisher declared the body to be UTF-8 text (MQTT 5 payload format indicator). */
  readonly utf8?: boolean | undefined;
  readonly headers: Headers;
  readonly correlation?: Correlation | undefined;
  readonly replyTo?: ReplyTo | undefined;
  readonly messageId?: string | undefined;
  readonly type?: string | undefined;
  readonly appId?: string | undefined;
  /** Who the publisher says it is; `Message.publisher` is who it was. */
  readonly claimedUserId?: string | undefined;
  readonly timestamp?: Timestamp | undefined;
}

export interface Correlation {
  readonly bytes: Uint8Array;
  /** The publisher's protocol knows it as text. */
  readonly isText: boolean;
}

export interface ReplyTo {
  /** Where an answer goes; undefined when the text names nothing that this broker can reach. */
  readonly address: Address | undefined;
  /** As the publisher wrote it. */
  readonly raw: string;
}

/** The application's own time of the message, in the unit that it wrote. */
export interface Timestamp {
  readonly value: number;
  readonly unit: "s" | "ms";
}

/** Decodes the properties that a protocol's version keeps in its own bytes. One object for each version. */
export interface PropertyCodec {
  /** Lower case: `mqtt`, `stomp`, `amqp`, or `core` for messages made by the broker and the library. */
  readonly protocol: string;
  /** As the protocol writes it: `5.0`, `1.2`, `0-9-1`. */
  readonly version: string;
  /** `raw` was accepted at publish: this never throws. */
  decode(raw: Uint8Array): Properties;
}

export const NO_PROPERTIES: Properties = { headers: [] };
