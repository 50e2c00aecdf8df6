import { BrokerError, type ErrorCode, type PublishOutcome } from "@dragoman/core";
import type { PacketName } from "../codec/packet-type.ts";
import { mayCarry, type ReasonCode, reasonCode } from "../codec/reason-code.ts";

/** A refusal for which the specification names a reason code that no code of the broker stands for. */
export class ReasonError extends BrokerError {
  readonly reason: ReasonCode;

  constructor(reason: ReasonCode, code: ErrorCode, message: string) {
    super(code, message);
    this.reason = reason;
  }
}

const {
  malformedPacket,
  protocolError,
  implementationSpecificError,
  badUserNameOrPassword,
  notAuthorized,
  topicFilterInvalid,
  topicNameInvalid,
  quotaExceeded,
  packetTooLarge,
} = reasonCode;

/**
 * What each error is called, the best first: a packet takes the first that it may carry.
 * `satisfies` makes a new error code fail the build until it is mapped here.
 */
const reasons = {
  malformed: [malformedPacket],
  "protocol-violation": [protocolError],
  unsupported: [implementationSpecificError],
  "bad-credentials": [badUserNameOrPassword, notAuthorized],
  "not-authorized": [notAuthorized],
  "bad-address": [topicNameInvalid, topicFilterInvalid],
  "not-found": [topicNameInvalid, topicFilterInvalid],
  conflict: [implementationSpecificError],
  locked: [notAuthorized],
  "in-use": [implementationSpecificError],
  "not-empty": [implementationSpecificError],
  "too-large": [packetTooLarge, quotaExceeded],
  quota: [quotaExceeded],
  overflow: [quotaExceeded],
  timeout: [reasonCode.keepAliveTimeout],
  "taken-over": [reasonCode.sessionTakenOver],
  shutdown: [reasonCode.serverShuttingDown, reasonCode.serverUnavailable],
  administrative: [reasonCode.administrativeAction, reasonCode.serverUnavailable],
  unavailable: [reasonCode.serverUnavailable, reasonCode.unspecifiedError],
} as const satisfies Record<ErrorCode, readonly ReasonCode[]>;

/** The reason code with which that packet tells of the error. MQTT 5.0 §2.4, §4.13 */
export function reasonOf(error: BrokerError, packet: PacketName): ReasonCode {
  const wanted = error instanceof ReasonError ? [error.reason] : reasons[error.code];
  return wanted.find((reason) => mayCarry(packet, reason)) ?? reasonCode.unspecifiedError;
}

/** What a PUBACK or PUBREC says of a publish [MQTT-3.4.2-1], [MQTT-3.5.2-1]. */
export const publishReasons: Readonly<Record<PublishOutcome, ReasonCode>> = {
  routed: reasonCode.success,
  unroutable: reasonCode.noMatchingSubscribers,
  overflow: quotaExceeded,
  unavailable: reasonCode.unspecifiedError,
};
