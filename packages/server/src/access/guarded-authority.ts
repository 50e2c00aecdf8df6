import {
  type Action,
  type Authority,
  BrokerError,
  type Credentials,
  type Identity,
  type PeerInfo,
  type Resource,
} from "@dragoman/core";
import type { Log } from "../log.ts";

/** An authority of somebody else's program. When it fails the client in question is refused, and nothing else ends. */
export class GuardedAuthority implements Authority {
  readonly #authority: Authority;
  readonly #log: Log;

  constructor(authority: Authority, log: Log) {
    this.#authority = authority;
    this.#log = log;
  }

  /** @throws BrokerError also "unavailable" when the authority fails */
  async connect(credentials: Credentials, virtualHost: string, peer: PeerInfo): Promise<Identity> {
    try {
      const identity = await this.#authority.connect(credentials, virtualHost, peer);
      // The program may not be checked by a compiler.
      if (typeof (identity as Identity | undefined)?.user !== "string") {
        throw new TypeError("connect resolved without a user");
      }
      return identity;
    } catch (error) {
      if (error instanceof BrokerError) throw error;
      this.#log.error({ err: error, peer: peer.peer }, "the authority failed: a client is refused");
      throw new BrokerError("unavailable", "logins cannot be checked now", { cause: error });
    }
  }

  /** A promise is no permission. */
  allows(identity: Identity, action: Action, resource: Resource): boolean {
    try {
      const verdict: unknown = this.#authority.allows(identity, action, resource);
      return verdict === true;
    } catch (error) {
      this.#log.error({ err: error, action, resource }, "the authority failed: not allowed");
      return false;
    }
  }
}
