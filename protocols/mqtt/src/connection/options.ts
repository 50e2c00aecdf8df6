import type { Qos } from "../codec/qos.ts";
import type { Envelope } from "../translation/envelope.ts";
import type { ForeignWording } from "../translation/foreign-properties.ts";
import type { Mount } from "../translation/mounts.ts";
import type { AuthenticationMethod } from "./enhanced-authentication.ts";

/** What an operator can say about MQTT. */
export interface MqttOptions extends ForeignWording {
  /** The virtual host of all MQTT clients. */
  readonly virtualHost: string;
  /** Largest packet accepted, in bytes; undefined allows the broker's largest message with all its properties. */
  readonly maxPacketBytes: number | undefined;
  /** Time for a CONNECT to arrive, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** Publishes of QoS 1 and 2 that a client may have open at once, 1 to 65 535. §3.2.2.3.3 */
  readonly receiveMaximum: number;
  /** Deliveries of QoS 1 and 2 that a client may have open at once, whatever more it would allow; 1 to 65 535. */
  readonly maxInflight: number;
  /** Topic aliases that a client may set, 0 to 65 535. §3.2.2.3.8 */
  readonly topicAliasMaximum: number;
  /** Topic aliases that we set for a client at most, whatever more it would allow. */
  readonly maxOutgoingAliases: number;
  /** §3.2.2.3.4 */
  readonly maximumQos: Qos;
  /** §3.2.2.3.5 */
  readonly retainAvailable: boolean;
  /** §3.2.2.3.11 */
  readonly wildcardSubscriptionAvailable: boolean;
  /** §3.2.2.3.12 */
  readonly subscriptionIdentifierAvailable: boolean;
  /** §3.2.2.3.13 */
  readonly sharedSubscriptionAvailable: boolean;
  /**
   * Longest keep alive in seconds, which a client of MQTT 5.0 that wants a longer one or none is given; 0 for no limit.
   */
  readonly maxKeepAlive: number;
  /** A session is its user's: another user's CONNECT with its client identifier is refused. */
  readonly protectsSessions: boolean;
  /** Seconds between two looks at what `$SYS` tells; 0 publishes nothing there. */
  readonly sysInterval: number;
  /** Patterns of other protocols that begin with a wildcard, such as AMQP's "#", select `$SYS` too. */
  readonly sysToAmqp: boolean;
  /** The version that `$SYS/broker/version` tells. */
  readonly productVersion: string;
  /** Longest time that a session is kept without a connection, in seconds; Infinity for no limit. */
  readonly maxSessionExpiry: number;
  /** Messages that wait for one session, at most; the oldest goes first. */
  readonly maxQueuedMessages: number;
  /**
   * Bytes of messages that wait for one session, at most; the oldest goes first. In the session's queue payloads
   * count; what waits for the window of a client that is there counts whole.
   */
  readonly maxQueuedBytes: number;
  /** Bytes waiting for a slow peer above which what is only worth QoS 0 is dropped. */
  readonly maxBufferedBytes: number;
  /** Messages of QoS 0 wait for a kept session whose client is away. */
  readonly keepsQos0: boolean;
  /** A client before MQTT 5.0 that publishes where it may not is cut off; otherwise it is not told. */
  readonly closesUnauthorized: boolean;
  /** A client before MQTT 5.0 that publishes to a full queue which refuses is cut off; otherwise it waits for an answer. */
  readonly closesOnOverflow: boolean;
  /** A PUBACK or PUBREC of 0x80 or greater dead-letters the message; otherwise it counts as taken. */
  readonly rejectsOnNegativeAck: boolean;
  /** Ordinary messages pass as bytes where they can. It must make no difference but in speed. */
  readonly forwards: boolean;
  /** Topics that are exchanges of their own. */
  readonly mounts: readonly Mount[];
  /** How clients before MQTT 5.0 send and get what that version calls properties. */
  readonly mqtt3Envelope: Envelope;
  /** What a client gets that requests Response Information, §3.2.2.3.15. */
  readonly responseInformation: string | undefined;
  /** Ways of enhanced authentication, §4.12. */
  readonly authenticationMethods: readonly AuthenticationMethod[];
}

export const defaultOptions: MqttOptions = {
  virtualHost: "/",
  maxPacketBytes: undefined,
  connectTimeoutMs: 10_000,
  receiveMaximum: 1_000,
  maxInflight: 1_000,
  topicAliasMaximum: 100,
  maxOutgoingAliases: 100,
  maximumQos: 2,
  retainAvailable: true,
  wildcardSubscriptionAvailable: true,
  subscriptionIdentifierAvailable: true,
  sharedSubscriptionAvailable: true,
  maxKeepAlive: 0,
  protectsSessions: true,
  sysInterval: 10,
  sysToAmqp: false,
  productVersion: "dragoman",
  maxSessionExpiry: Number.POSITIVE_INFINITY,
  maxQueuedMessages: 100_000,
  maxQueuedBytes: 256 * 1024 * 1024,
  maxBufferedBytes: 4 * 1024 * 1024,
  keepsQos0: false,
  closesUnauthorized: true,
  closesOnOverflow: false,
  rejectsOnNegativeAck: true,
  forwards: true,
  foreignProperties: "all",
  fidelity: "text",
  mounts: [],
  mqtt3Envelope: "none",
  responseInformation: undefined,
  authenticationMethods: [],
};
