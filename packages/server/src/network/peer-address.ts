import type { Socket } from "node:net";
import { isLoopback } from "./loopback.ts";

/** Where a peer speaks from. */
export interface PeerAddress {
  /** Address and port, as text. */
  readonly peer: string;
  readonly isLoopback: boolean;
}

export function peerAddress(socket: Socket): PeerAddress {
  const { remoteAddress = "", remotePort = 0 } = socket;
  const host = remoteAddress.startsWith("::ffff:") ? remoteAddress.slice("::ffff:".length) : remoteAddress;
  const shown = host.includes(":") ? `[${host}]` : host;
  return { peer: `${shown}:${remotePort}`, isLoopback: isLoopback(host) };
}
