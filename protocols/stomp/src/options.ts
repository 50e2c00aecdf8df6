import type { BareDestination } from "./translation/destination.ts";
import type { MessageWording } from "./translation/message-headers.ts";

/** What an operator may choose about STOMP. */
export interface StompOptions extends MessageWording {
  /** What CONNECTED says in its `server` header: a name and a version. */
  readonly server: string;
  /** What a destination without a known prefix is; undefined refuses it. */
  readonly bareDestination: BareDestination | undefined;
  /** A client that has not logged in after this many milliseconds is cut off. */
  readonly connectTimeoutMs: number;
  /** Shortest interval of heart-beats that is agreed to, whatever shorter one a client offers; milliseconds. */
  readonly minHeartBeatMs: number;
  /** Header lines in one frame. */
  readonly maxHeaderCount: number;
  /** One header line, in bytes. */
  readonly maxHeaderLineBytes: number;
  /** Command and header lines together, in bytes. */
  readonly maxHeadBytes: number;
  /** Subscriptions of one connection. */
  readonly maxSubscriptions: number;
  /** Bytes of messages that the open transactions of one connection hold. */
  readonly maxTransactionBytes: number;
  /** A live subscription drops messages while more bytes than this wait for its client. */
  readonly maxOutboxBytes: number;
}

export const defaultStompOptions: StompOptions = {
  server: "dragoman/0.1.0",
  bareDestination: undefined,
  fidelity: "text",
  expiryHeader: "expiration",
  repeatedHeaders: "all",
  connectTimeoutMs: 10_000,
  minHeartBeatMs: 100,
  maxHeaderCount: 1_000,
  maxHeaderLineBytes: 64 * 1024,
  maxHeadBytes: 256 * 1024,
  maxSubscriptions: 10_000,
  maxTransactionBytes: 64 * 1024 * 1024,
  maxOutboxBytes: 64 * 1024 * 1024,
};
