import type { Protocol } from "@dragoman/core";
import { anyProtocol } from "./any-protocol.ts";

/** What a request for WebSocket asks for. */
export interface UpgradeRequest {
  readonly path: string;
  /** In the client's order. */
  readonly subprotocols: readonly string[];
  /** Undefined when the client is not a browser. */
  readonly origin: string | undefined;
}

/** What is served, and to whom. */
export interface UpgradeOffer {
  readonly protocols: readonly Protocol[];
  /** Empty for any. */
  readonly allowedOrigins: readonly string[];
  /** For a client that names no subprotocol at an open path, to begin. */
  readonly timeoutMs: number;
}

export type UpgradeAnswer =
  | {
      readonly kind: "accepted";
      readonly protocol: Protocol;
      /** Undefined when the client asked for none. */
      readonly subprotocol: string | undefined;
    }
  | { readonly kind: "refused"; readonly status: 400 | 403 | 404; readonly reason: string };

/** Paths of no protocol's own: the subprotocol tells what the client speaks, or else its first bytes do. */
const OPEN_PATHS = ["/", "/ws"];

export function answerUpgrade(
  request: UpgradeRequest,
  { protocols, allowedOrigins, timeoutMs }: UpgradeOffer,
): UpgradeAnswer {
  const { path, subprotocols, origin } = request;
  if (origin !== undefined && allowedOrigins.length > 0 && !allowedOrigins.includes(origin)) {
    return { kind: "refused", status: 403, reason: `pages of ${origin} may not connect here` };
  }
  const isOpen = OPEN_PATHS.includes(path);
  const atPath = protocols.filter(({ name }) => isOpen || path === `/${name}`);
  const [first] = atPath;
  if (first === undefined) {
    return { kind: "refused", status: 404, reason: `no WebSocket here: want ${spell(protocols)}` };
  }
  if (subprotocols.length === 0) {
    const protocol = isOpen ? anyProtocol(protocols, timeoutMs) : first;
    return { kind: "accepted", protocol, subprotocol: undefined };
  }
  for (const protocol of atPath) {
    const subprotocol = protocol.subprotocols.find((name) => subprotocols.includes(name));
    if (subprotocol !== undefined) return { kind: "accepted", protocol, subprotocol };
  }
  const known = atPath.flatMap((protocol) => protocol.subprotocols).join(", ");
  return { kind: "refused", status: 400, reason: `want one of the WebSocket subprotocols ${known}` };
}

/** The paths that are served, for people. */
export function spell(protocols: readonly Protocol[]): string {
  return protocols.map(({ name }) => `/${name}`).join(", ");
}
