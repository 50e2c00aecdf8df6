import { BrokerError, type ErrorCode } from "@dragoman/core";
import type { ReplyName } from "./constants.generated.ts";

/**
 * A BrokerError that knows its reply code, where the code of the closed list alone would not tell which
 * of several AMQP replies is meant.
 */
export class AmqpError extends BrokerError {
  readonly reply: ReplyName;

  /** @param message what stands behind the reply's name in the reply text; names and numbers, no payload */
  constructor(reply: ReplyName, message: string) {
    super(errorCodes[reply], message);
    this.reply = reply;
  }
}

const errorCodes: { readonly [R in ReplyName]: ErrorCode } = {
  "content-too-large": "too-large",
  "no-route": "not-found",
  "no-consumers": "not-found",
  "connection-forced": "shutdown",
  "invalid-path": "not-found",
  "access-refused": "not-authorized",
  "not-found": "not-found",
  "resource-locked": "locked",
  "precondition-failed": "conflict",
  "frame-error": "malformed",
  "syntax-error": "malformed",
  "command-invalid": "protocol-violation",
  "channel-error": "protocol-violation",
  "unexpected-frame": "protocol-violation",
  "resource-error": "quota",
  "not-allowed": "not-authorized",
  "not-implemented": "unsupported",
  "internal-error": "unavailable",
};
