/**
 * Why the broker said no. One closed list: each protocol maps every entry to its own wire code, and the
 * compiler checks that none is missing.
 */
export type ErrorCode =
  | "malformed" // the bytes do not follow the protocol's grammar
  | "protocol-violation" // well-formed, but not allowed at this point
  | "unsupported" // a feature or version that we do not have, or that is switched off
  | "bad-credentials" // the login is unknown or its secret is wrong
  | "not-authorized" // understood, but this identity may not do it
  | "bad-address" // a topic, destination, pattern or name that cannot exist
  | "not-found" // names something that does not exist
  | "conflict" // exists already, with other options
  | "locked" // belongs exclusively to another connection
  | "in-use" // has consumers, bindings or a client identifier that forbid it
  | "not-empty" // holds messages that forbid it
  | "too-large" // passes a size limit of ours or of the peer
  | "quota" // passes a count or rate limit
  | "overflow" // the queue is full and refuses new messages
  | "timeout" // the peer stayed silent for too long
  | "taken-over" // another connection continues this session
  | "shutdown" // the broker stops
  | "administrative" // an operator, or the deletion of what it used, ended it
  | "unavailable"; // our side failed; the peer may try again

/**
 * The only error that may cross a package boundary. Anything else that is thrown is a bug in the broker.
 *
 * Messages give names and numbers a person can act on, never payloads or secrets.
 */
export class BrokerError extends Error {
  override readonly name = "BrokerError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
