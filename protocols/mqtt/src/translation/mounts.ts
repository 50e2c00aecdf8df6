import { BrokerError, TOPIC_SPACE } from "@dragoman/core";

/** A part of MQTT's topics that is an exchange of its own. */
export interface Mount {
  /** What its topics and filters begin with, the last "/" included: `orders/`. */
  readonly prefix: string;
  readonly exchange: string;
}

/** A topic or filter, and the exchange that it is in. */
export interface Mounted {
  readonly exchange: string;
  /** Without the mount's prefix. */
  readonly rest: string;
}

/** Finds mounts by their prefix and by their exchange; everything else is in the topic space. */
export class Mounts {
  readonly #mounts: readonly Mount[];

  /** @throws BrokerError "bad-address" for a prefix that is no beginning of a topic */
  constructor(mounts: readonly Mount[]) {
    for (const { prefix } of mounts) {
      if (/^(?:[^$+#/][^+#]*)?\/$/.test(prefix)) continue;
      throw new BrokerError("bad-address", `mount '${prefix}' must end with "/" and hold no "$", "+" or "#"`);
    }
    this.#mounts = mounts.toSorted((a, b) => b.prefix.length - a.prefix.length);
  }

  /** The longest prefix decides. */
  find(name: string): Mounted {
    for (const { prefix, exchange } of this.#mounts) {
      if (name.startsWith(prefix) && name.length > prefix.length) {
        return { exchange, rest: name.slice(prefix.length) };
      }
    }
    return { exchange: TOPIC_SPACE, rest: name };
  }

  /** What the topics of an exchange begin with; undefined when it is not mounted. */
  prefixOf(exchange: string): string | undefined {
    return this.#mounts.find((mount) => mount.exchange === exchange)?.prefix;
  }
}
