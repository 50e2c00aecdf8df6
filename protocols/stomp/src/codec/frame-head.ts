import { isUtf8 } from "node:buffer";
import { BrokerError } from "@dragoman/core";
import type { FrameHeader, FrameHeaders, Version } from "./frame.ts";
import { type Escaping, escapingOf, unescapeHeader } from "./header-escape.ts";

/** What a frame's head says, in strings. */
export interface FrameHead {
  readonly command: string;
  readonly headers: FrameHeaders;
}

/**
 * Reads command and headers.
 *
 * Lines may end with LF or CR LF. Before STOMP 1.2 a CR is an ordinary character of a header; there it is taken
 * for part of the line end only if the command line ended so too.
 *
 * @param version as negotiated; undefined before that, when CONNECT itself tells it
 * @throws BrokerError "malformed", naming the header at fault
 * @see STOMP 1.2, Value Encoding and Augmented BNF
 */
export function decodeHead(head: Buffer, version: Version | undefined): FrameHead {
  if (!isUtf8(head)) throw new BrokerError("malformed", `${lineThatIsNotUtf8(head)} is not UTF-8`);
  const text = head.toString("utf8");
  const commandEnd = text.indexOf("\n");
  const commandHasCr = text[commandEnd - 1] === "\r";
  const command = text.slice(0, commandHasCr ? commandEnd - 1 : commandEnd);
  const speaks = version ?? versionOfConnect(text);
  const escaping = escapingOf(command, speaks);
  const crIsLineEnd = commandHasCr || speaks === "1.2";

  const headers: FrameHeader[] = [];
  let start = commandEnd + 1;
  for (let end = text.indexOf("\n", start); end >= 0; end = text.indexOf("\n", start)) {
    const lineEnd = crIsLineEnd && text[end - 1] === "\r" ? end - 1 : end;
    const isBlank = lineEnd === start || end + 1 === text.length;
    if (!isBlank) headers.push(decodeLine(text.slice(start, lineEnd), escaping, speaks));
    start = end + 1;
  }
  return { command, headers };
}

/** Without accept-version a client speaks 1.0 (STOMP 1.2, Protocol Negotiation), and 1.0 may pad its values. */
function versionOfConnect(head: string): Version {
  return head.includes("\naccept-version:") ? "1.2" : "1.0";
}

function decodeLine(line: string, escaping: Escaping, version: Version): FrameHeader {
  const colon = line.indexOf(":");
  if (colon < 0) throw new BrokerError("malformed", `header line "${shortened(line)}" has no colon`);
  if (colon === 0) throw new BrokerError("malformed", `header line "${shortened(line)}" has no name`);
  const wireName = line.slice(0, colon);
  const wireValue = line.slice(colon + 1);
  const name = unescapeHeader(wireName, escaping, wireName);
  const value = unescapeHeader(wireValue, escaping, wireName);
  return [name, version === "1.0" ? value.trimStart() : value];
}

/** Only for errors: what a peer sent instead of a header, short enough for one line of ERROR. */
function shortened(line: string): string {
  const text = line.length > 40 ? `${line.slice(0, 40)}...` : line;
  return JSON.stringify(text).slice(1, -1);
}

function lineThatIsNotUtf8(head: Buffer): string {
  let start = 0;
  let end = head.indexOf("\n");
  while (isUtf8(head.subarray(start, end))) {
    start = end + 1;
    end = head.indexOf("\n", start);
  }
  if (start === 0) return "the command line";
  const name = head.subarray(start, Math.max(start, head.subarray(0, end).indexOf(":", start)));
  return name.length > 0 && isUtf8(name) ? `header ${name.toString("utf8")}` : "a header line";
}
