/** How this side of the protocol presents and limits itself. */
export interface AmqpOptions {
  /**
   * `product` and `version` of the server-properties. Some clients choose their ways by it: kombu takes a
   * RabbitMQ before 4.0 for one whose prefetch can be changed for all consumers at once.
   */
  readonly product: string;
  readonly version: string;
  /** Time from the first byte to connection.open, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** Channels per connection, 1 to 65535. */
  readonly channelMax: number;
  /** Bytes of a frame, at least 4096. */
  readonly frameMax: number;
  /** Seconds between heartbeats that we propose; 0 for none. */
  readonly heartbeatSeconds: number;
  /** What a name that another protocol's message has more than once becomes in a table of headers. */
  readonly repeatedHeaders: RepeatedHeaders;
}

/** One value of all of them: an array of them, the first or last of them, or their texts with "," between. */
export type RepeatedHeaders = "array" | "first" | "last" | "join";

export const DEFAULT_OPTIONS: AmqpOptions = {
  product: "Dragoman",
  version: "0.1.0",
  connectTimeoutMs: 10_000,
  channelMax: 2047,
  frameMax: 131_072,
  heartbeatSeconds: 60,
  repeatedHeaders: "array",
};
