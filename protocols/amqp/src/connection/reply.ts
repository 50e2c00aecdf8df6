import type { BrokerError, ErrorCode } from "@dragoman/core";
import { AmqpError } from "../codec/amqp-error.ts";
import { hardErrors, replyCodes, type ReplyName } from "../codec/constants.generated.ts";
import { shortened } from "../codec/primitives.ts";

/** The rest of a channel.close or connection.close. AMQP 0-9-1 §1.2 */
export interface Reply {
  readonly replyCode: number;
  readonly replyText: string;
  /** The connection ends with it; otherwise only the channel. */
  readonly isHard: boolean;
}

/** What each of the broker's reasons is called here. */
const replies = {
  malformed: "frame-error",
  "protocol-violation": "command-invalid",
  unsupported: "not-implemented",
  "bad-credentials": "access-refused",
  "not-authorized": "access-refused",
  "bad-address": "not-found",
  "not-found": "not-found",
  conflict: "precondition-failed",
  locked: "resource-locked",
  "in-use": "precondition-failed",
  "not-empty": "precondition-failed",
  "too-large": "content-too-large",
  quota: "resource-error",
  overflow: "precondition-failed",
  timeout: "connection-forced",
  "taken-over": "connection-forced",
  shutdown: "connection-forced",
  administrative: "connection-forced",
  unavailable: "internal-error",
} as const satisfies Record<ErrorCode, ReplyName>;

/** The words that clients look for: `NOT_FOUND - no queue 'q' in vhost '/'`. */
export function replyOf(error: BrokerError): Reply {
  const name = error instanceof AmqpError ? error.reply : replies[error.code];
  return {
    replyCode: replyCodes[name],
    replyText: shortened(`${name.toUpperCase().replaceAll("-", "_")} - ${error.message}`),
    isHard: hardErrors.has(name),
  };
}
