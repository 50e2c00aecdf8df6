import { type Route } from "@dragoman/core";
import type { Qos } from "../codec/qos.ts";
import { Outgoing } from "../connection/outgoing.ts";
import { highestQos } from "../translation/granted.ts";

/** Receivers that get the same bytes. */
export interface ReceiverGroup {
  /** Clients of MQTT 5.0; otherwise of 3.1 and 3.1.1, whose PUBLISH is the same. */
  readonly hasProperties: boolean;
  /** The highest level at which anything reaches them. */
  readonly qos: Qos;
  readonly members: Outgoing[];
}

/**
 * Everybody who gets the messages of a topic, when they all get the packet as it came: topics with the same
 * receivers share this object, so that their packets can travel together.
 */
export interface Receivers {
  readonly groups: readonly ReceiverGroup[];
  /** The smallest Maximum Packet Size among them, in bytes. */
  readonly maxPacketBytes: number;
}

/** The sets of receivers of one generation of routes, by their numbers. */
export class ReceiverSets {
  readonly #numbers = new Map<string, number>();
  #sets: Receivers[] = [];

  clear(): void {
    this.#numbers.clear();
    this.#sets = [];
  }

  at(number: number): Receivers | undefined {
    return number < 0 ? undefined : this.#sets[number];
  }

  /** -1 when somebody at the end of the route needs more than the packet. */
  numberOf({ queues, subscribers }: Route): number {
    if (queues.length > 0) return -1;
    const groups = new Map<string, ReceiverGroup>();
    let key = "";
    let maxPacketBytes = Number.POSITIVE_INFINITY;
    for (const { subscriber, subscriptions } of subscribers) {
      if (!(subscriber instanceof Outgoing) || !subscriber.takesPackets(subscriptions)) return -1;
      const qos = highestQos(subscriptions);
      groupOf(groups, subscriber.version === 5, qos).members.push(subscriber);
      key += `${subscriber.serial}:${qos} `;
      maxPacketBytes = Math.min(maxPacketBytes, subscriber.maxPacketBytes);
    }
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#sets.push({ groups: [...groups.values()], maxPacketBytes }) - 1;
    this.#numbers.set(key, number);
    return number;
  }
}

function groupOf(groups: Map<string, ReceiverGroup>, hasProperties: boolean, qos: Qos): ReceiverGroup {
  const key = `${hasProperties} ${qos}`;
  let group = groups.get(key);
  if (group === undefined) groups.set(key, (group = { hasProperties, qos, members: [] }));
  return group;
}
