import { BrokerError } from "@dragoman/core";
import { SPOKEN, type Spoken } from "../configuration/configuration.ts";
import type { ListenerAddress } from "./listener.ts";

/** What a URL can be asked for: `ws` is HTTP's listener for WebSocket. */
export type UrlKind = Spoken | "ws";

/**
 * The address for clients on this machine. A listener that is meant for the protocol comes before one that
 * speaks it too.
 *
 * @throws BrokerError "not-found" when no listener speaks it
 */
export function urlOf(kind: UrlKind, listeners: readonly ListenerAddress[]): string {
  const spoken = kind === "ws" ? "http" : kind;
  const found =
    listeners.find(({ protocols }) => protocols[0] === spoken) ??
    listeners.find(({ protocols }) => protocols.includes(spoken));
  if (found === undefined) throw new BrokerError("not-found", `no listener speaks ${kind}`);
  return `${kind}${found.tls ? "s" : ""}://${reachable(found.host)}:${found.port}`;
}

/** The address of everything that is spoken, for people. */
export function allUrls(listeners: readonly ListenerAddress[]): Readonly<Record<string, string>> {
  const spoken = SPOKEN.filter((name) => listeners.some(({ protocols }) => protocols.includes(name)));
  return Object.fromEntries(spoken.map((name) => [name, urlOf(name, listeners)]));
}

function reachable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return host.includes(":") ? `[${host}]` : host;
}
