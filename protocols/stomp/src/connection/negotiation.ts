import type { Credentials } from "@dragoman/core";
import type { Frame, FrameHeaders, Version } from "../codec/frame.ts";
import { headerOf, supportedVersions } from "../codec/frame.ts";
import { StompError } from "../stomp-error.ts";

/** What a CONNECT asks for. */
export interface ConnectRequest {
  readonly version: Version;
  readonly credentials: Credentials;
  /** The `host` header, if there is one. */
  readonly host: string | undefined;
  /** The name under which durable subscriptions are kept (ActiveMQ's header). */
  readonly clientId: string | undefined;
  readonly heartBeat: HeartBeat;
}

/** What one side says in its heart-beat header, in milliseconds; 0 is never. */
export interface HeartBeat {
  /** The shortest interval that it can keep. */
  readonly canSendMs: number;
  /** The interval that it would like to see. */
  readonly wantsMs: number;
}

/** The best first. */
const versions: readonly Version[] = supportedVersions.toReversed();

/**
 * Reads a CONNECT or STOMP frame.
 *
 * @throws StompError "unsupported" when there is no common version, "malformed" for a heart-beat that is none
 * @see STOMP 1.2, Connecting
 */
export function readConnect({ headers }: Frame): ConnectRequest {
  const login = headerOf(headers, "login") ?? "";
  const passcode = headerOf(headers, "passcode") ?? "";
  return {
    version: negotiateVersion(headerOf(headers, "accept-version")),
    credentials:
      login === ""
        ? { kind: "anonymous" }
        : { kind: "password", user: login, password: Buffer.from(passcode) },
    host: headerOf(headers, "host"),
    clientId: headerOf(headers, "client-id"),
    heartBeat: readHeartBeat(headers),
  };
}

/** STOMP 1.2, Protocol Negotiation: the highest version in common; without the header it is 1.0. */
function negotiateVersion(accepted: string | undefined): Version {
  if (accepted === undefined) return "1.0";
  const offered = new Set(accepted.split(",").map((version) => version.trim()));
  const version = versions.find((candidate) => offered.has(candidate));
  if (version !== undefined) return version;
  throw new StompError(
    "unsupported",
    "Version mismatch",
    `Supported versions are ${supportedVersions.join(",")}`,
  );
}

/** STOMP 1.2, Heart-beating: a missing header is the same as "0,0". */
function readHeartBeat(headers: FrameHeaders): HeartBeat {
  const text = headerOf(headers, "heart-beat") ?? "0,0";
  const match = /^\s*(\d{1,10})\s*,\s*(\d{1,10})\s*$/.exec(text);
  if (match === null) {
    throw new StompError(
      "malformed",
      "Bad CONNECT",
      "header heart-beat must be two numbers of milliseconds with a comma between them",
    );
  }
  return { canSendMs: Number(match[1]), wantsMs: Number(match[2]) };
}
