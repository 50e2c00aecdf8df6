import {
  type Action,
  type Authority,
  BrokerError,
  type Credentials,
  type Identity,
  type PeerInfo,
  type Resource,
} from "@dragoman/core";
import type { ScramCredential } from "@dragoman/mqtt";
import { Account } from "./account.ts";
import { ANONYMOUS, type UserSpec } from "./user.ts";

/** What works out of the box, as users of RabbitMQ and Mosquitto expect. */
const BUILT_IN: readonly UserSpec[] = [
  { name: "guest", password: "guest", loopbackOnly: true },
  { name: ANONYMOUS, loopbackOnly: true },
];

/** Users and permissions from the configuration, or the built-in ones when it names none. */
export class UserAuthority implements Authority {
  readonly #accounts: ReadonlyMap<string, Account>;
  /** The broker is reachable from other machines, and nobody said who may come. */
  readonly #refusesAll: boolean;

  /** @param isExposed a listener is bound to an address that is not a loopback one */
  constructor(users: readonly UserSpec[], isExposed: boolean) {
    const effective = users.length > 0 ? users : BUILT_IN;
    this.#accounts = new Map(effective.map((user) => [user.name, new Account(user)]));
    this.#refusesAll = users.length === 0 && isExposed;
  }

  async connect(credentials: Credentials, virtualHost: string, peer: PeerInfo): Promise<Identity> {
    const account = await this.#prove(credentials);
    if (this.#refusesAll) {
      throw new BrokerError(
        "not-authorized",
        `'${account.user}' is closed while the broker listens on other addresses than this machine's own and no users are configured`,
      );
    }
    if (account.loopbackOnly && !peer.isLoopback) {
      throw new BrokerError("not-authorized", `'${account.user}' may connect from the broker's machine only`);
    }
    if (!account.mayEnter(virtualHost)) {
      throw new BrokerError(
        "not-authorized",
        `'${account.user}' has no permission in virtual host '${virtualHost}'`,
      );
    }
    return account;
  }

  /** What a user's password is to SCRAM-SHA-256; undefined when there is no such user, or its password is no use there. */
  async scramCredential(user: string): Promise<ScramCredential | undefined> {
    return await this.#accounts.get(user)?.password?.scram();
  }

  allows(identity: Identity, action: Action, resource: Resource): boolean {
    return identity instanceof Account && identity.allows(action, resource);
  }

  async #prove(credentials: Credentials): Promise<Account> {
    if (credentials.kind === "anonymous") {
      const account = this.#accounts.get(ANONYMOUS);
      if (account !== undefined && account.password === undefined) return account;
      throw new BrokerError("not-authorized", "a login is needed: anonymous access is not configured");
    }
    const account = this.#accounts.get(credentials.user);
    if (credentials.kind === "proved" && account !== undefined) return account;
    const password = credentials.kind === "password" ? credentials.password : undefined;
    if (password === undefined || !(await account?.password?.verify(password)) || account === undefined) {
      throw new BrokerError("bad-credentials", `unknown user '${credentials.user}' or wrong password`);
    }
    return account;
  }
}
