import type { Route } from "@dragoman/core";
import { Outgoing } from "../connection/outgoing.ts";

/**
 * Everybody who gets the messages of a topic, when they all get the packet as it came: topics with the same
 * receivers share this object, so that their packets can travel together.
 */
export interface Receivers {
  /** Clients of MQTT 3.1 and 3.1.1, whose PUBLISH is the same. */
  readonly version3: readonly Outgoing[];
  readonly version5: readonly Outgoing[];
  /** The smallest Maximum Packet Size among them, in bytes. */
  readonly maxPacketBytes: number;
}

/** The sets of receivers of one generation of routes. */
export class ReceiverSets {
  readonly #sets = new Map<string, Receivers>();

  clear(): void {
    this.#sets.clear();
  }

  /** Undefined when somebody at the end of the route needs more than the packet. */
  of({ queues, subscribers }: Route): Receivers | undefined {
    if (queues.length > 0) return undefined;
    const all: Outgoing[] = [];
    for (const { subscriber, subscriptions } of subscribers) {
      if (!(subscriber instanceof Outgoing) || !subscriber.takesPackets(subscriptions)) return undefined;
      all.push(subscriber);
    }
    const key = all.map(({ serial }) => serial).join();
    let receivers = this.#sets.get(key);
    if (receivers === undefined) this.#sets.set(key, (receivers = group(all)));
    return receivers;
  }
}

function group(all: readonly Outgoing[]): Receivers {
  return {
    version3: all.filter(({ version }) => version !== 5),
    version5: all.filter(({ version }) => version === 5),
    maxPacketBytes: Math.min(...all.map(({ maxPacketBytes }) => maxPacketBytes)),
  };
}
