import type { Protocol } from "@dragoman/core";

/** What a request for WebSocket asks for. */
export interface UpgradeRequest {
  readonly path: string;
  /** In the client's order. */
  readonly subprotocols: readonly string[];
  /** Undefined when the client is not a browser. */
  readonly origin: string | undefined;
}

export type UpgradeAnswer =
  | {
      readonly kind: "accepted";
      readonly protocol: Protocol;
      /** Undefined when the client asked for none. */
      readonly subprotocol: string | undefined;
    }
  | { readonly kind: "refused"; readonly status: 400 | 403 | 404; readonly reason: string };

/** Paths at which the subprotocol alone tells what the client speaks. */
const OPEN_PATHS = ["/", "/ws"];

/** @param allowedOrigins empty for any */
export function answerUpgrade(
  request: UpgradeRequest,
  protocols: readonly Protocol[],
  allowedOrigins: readonly string[],
): UpgradeAnswer {
  const { path, subprotocols, origin } = request;
  if (origin !== undefined && allowedOrigins.length > 0 && !allowedOrigins.includes(origin)) {
    return { kind: "refused", status: 403, reason: `pages of ${origin} may not connect here` };
  }
  const atPath = protocols.filter(({ name }) => OPEN_PATHS.includes(path) || path === `/${name}`);
  if (atPath.length === 0) {
    return { kind: "refused", status: 404, reason: `no WebSocket here: want ${spell(protocols)}` };
  }
  const [only] = atPath;
  if (subprotocols.length === 0 && only !== undefined && !OPEN_PATHS.includes(path)) {
    return { kind: "accepted", protocol: only, subprotocol: undefined };
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
