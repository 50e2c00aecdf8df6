import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { isLoopback } from "./loopback.ts";

/** Where a peer speaks from. */
export interface PeerAddress {
  /** Address and port, as text. */
  readonly peer: string;
  readonly isLoopback: boolean;
  /** The common name in the peer's certificate; undefined when none was asked for. */
  readonly certifiedName: string | undefined;
}

export function peerAddress(socket: Socket): PeerAddress {
  const { remoteAddress = "", remotePort = 0 } = socket;
  const host = remoteAddress.startsWith("::ffff:") ? remoteAddress.slice("::ffff:".length) : remoteAddress;
  const shown = host.includes(":") ? `[${host}]` : host;
  return {
    peer: `${shown}:${remotePort}`,
    isLoopback: isLoopback(host),
    certifiedName: certifiedName(socket),
  };
}

function certifiedName(socket: Socket): string | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const name: unknown = socket.getPeerCertificate().subject?.CN;
  // A certificate with several common names has a list of them, and is nobody's in particular.
  return typeof name === "string" ? name : undefined;
}
