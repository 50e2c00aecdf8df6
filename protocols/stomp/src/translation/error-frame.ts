import type { BrokerError, ErrorCode } from "@dragoman/core";
import type { FrameHeader, Version } from "../codec/frame.ts";
import { supportedVersions } from "../codec/frame.ts";
import { encodeFrame } from "../codec/frame-encoder.ts";
import { StompError } from "../stomp-error.ts";

interface Wording {
  /** The `message` header, when the error has no better one; where there is one, RabbitMQ's word. */
  readonly summary: string;
  /** What the user can do about it. */
  readonly advice: string;
}

/** `satisfies` makes a new ErrorCode fail the build until it is worded here. */
const wordings = {
  malformed: {
    summary: "Malformed frame",
    advice: "Correct what is named here; the frame was not processed.",
  },
  "protocol-violation": {
    summary: "Protocol violation",
    advice: "Send only what the negotiated version of STOMP allows at this point of the dialogue.",
  },
  unsupported: {
    summary: "Unsupported",
    advice: "Leave out what is named here, or use another broker feature for it.",
  },
  "bad-credentials": {
    summary: "Bad CONNECT",
    advice: "Check the headers login and passcode.",
  },
  "not-authorized": {
    summary: "access_refused",
    advice: "Ask the operator of the broker for the permission, or use another login.",
  },
  "bad-address": {
    summary: "Invalid destination",
    advice: "Correct the destination header.",
  },
  "not-found": {
    summary: "not_found",
    advice: "Check the name, or create it first.",
  },
  conflict: {
    summary: "precondition_failed",
    advice: "Leave the header out to take what exists, or delete it and create it anew.",
  },
  locked: {
    summary: "resource_locked",
    advice: "Wait until the other consumer or connection has gone, or use another name.",
  },
  "in-use": {
    summary: "precondition_failed",
    advice: "End what uses it first.",
  },
  "not-empty": {
    summary: "precondition_failed",
    advice: "Consume or purge the messages first.",
  },
  "too-large": {
    summary: "Too large",
    advice: "Send less at once, or ask the operator of the broker to raise the limit.",
  },
  quota: {
    summary: "Quota exceeded",
    advice: "End something of the same kind first.",
  },
  overflow: {
    summary: "Queue full",
    advice: "The message was refused: send it again when consumers have caught up.",
  },
  timeout: {
    summary: "Timeout",
    advice: "Connect again, and send heart-beats as often as CONNECTED promised.",
  },
  "taken-over": {
    summary: "Taken over",
    advice: "Another connection continues this one; use different client ids to have both.",
  },
  shutdown: {
    summary: "Shutdown",
    advice: "The broker stops: connect again later.",
  },
  administrative: {
    summary: "Cancelled",
    advice: "An operator or another client ended this: connect and subscribe again if it is still wanted.",
  },
  unavailable: {
    summary: "Unavailable",
    advice: "The broker failed to process this: try again.",
  },
} as const satisfies Record<ErrorCode, Wording>;

/**
 * The ERROR frame that tells a client what went wrong and what to do (STOMP 1.2, ERROR).
 *
 * @param receipt of the frame that caused it, if it asked for one
 */
export function encodeError(error: BrokerError, version: Version, receipt: string | undefined): Buffer {
  const { summary, advice } = wordings[error.code];
  const headers: FrameHeader[] = [
    ["message", error instanceof StompError ? error.summary : summary],
    ["content-type", "text/plain"],
    ["version", supportedVersions.join(",")],
  ];
  if (receipt !== undefined) headers.push(["receipt-id", receipt]);
  return encodeFrame("ERROR", headers, version, Buffer.from(`${error.message}\n${advice}\n`));
}
