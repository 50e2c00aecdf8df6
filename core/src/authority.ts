/** How a client says who it is. */
export type Credentials =
  | { readonly kind: "anonymous" }
  /** Its protocol has checked the proof already, as a challenge and its answer. */
  | { readonly kind: "proved"; readonly user: string }
  | { readonly kind: "password"; readonly user: string; readonly password: Uint8Array };

/** Who a client is, once it has proved it. */
export interface Identity {
  readonly user: string;
}

/** What is known of a connection before it has proved anything. */
export interface PeerInfo {
  readonly protocol: string;
  /** Address and port, as text. */
  readonly peer: string;
  /** The peer's address is one of this machine's own. */
  readonly isLoopback: boolean;
}

/** Publish to, take from, or create and delete. */
export type Action = "publish" | "subscribe" | "configure";

/**
 * A thing that an action is asked for; a topic is named by its path, within the topic space. To subscribe,
 * the levels may be "*" for one and "#" for any number.
 */
export interface Resource {
  readonly kind: "exchange" | "queue" | "topic";
  readonly virtualHost: string;
  readonly name: string;
}

/** Decides who may connect and what they may do. */
export interface Authority {
  /**
   * @throws BrokerError "bad-credentials" when the proof is wrong, "not-authorized" when it is right but
   *   this peer or virtual host is closed to it
   */
  connect(credentials: Credentials, virtualHost: string, peer: PeerInfo): Promise<Identity>;
  /** Asked often: it must answer from memory. */
  allows(identity: Identity, action: Action, resource: Resource): boolean;
}

/** Lets everybody do everything: for tests, and for brokers inside a program. */
export const OPEN_AUTHORITY: Authority = {
  connect: (credentials) =>
    Promise.resolve({ user: credentials.kind === "anonymous" ? "anonymous" : credentials.user }),
  allows: () => true,
};
