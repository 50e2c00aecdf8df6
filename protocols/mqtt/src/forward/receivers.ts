import { type Route } from "@dragoman/core";
import type { Qos } from "../codec/qos.ts";
import { Outgoing } from "../connection/outgoing.ts";
import { highestQos } from "../translation/granted.ts";
import { largestReadable } from "./publish-head.ts";

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
  /** The largest packet that each of them accepts and that can still be read, in bytes. */
  readonly maxPacketBytes: number;
}

/** Members of all sets together: a thousand who get everything would be in a set for each topic that one more gets. */
const standardMaxMembers = 2 ** 20;

/** The sets of receivers of one generation of routes, by their numbers. */
export class ReceiverSets {
  readonly #maxMembers: number;
  readonly #numbers = new Map<string, number>();
  #sets: Receivers[] = [];
  #memberCount = 0;

  constructor(maxMembers: number = standardMaxMembers) {
    this.#maxMembers = maxMembers;
  }

  clear(): void {
    this.#numbers.clear();
    this.#sets = [];
    this.#memberCount = 0;
  }

  at(number: number): Receivers | undefined {
    return number < 0 ? undefined : this.#sets[number];
  }

  /** -1 when somebody at the end of the route needs more than the packet, or there are too many sets already. */
  numberOf({ queues, subscribers }: Route): number {
    if (queues.length > 0) return -1;
    const groups = new Map<string, ReceiverGroup>();
    let key = "";
    let maxPacketBytes = largestReadable;
    for (const { subscriber, subscriptions } of subscribers) {
      if (!(subscriber instanceof Outgoing) || !subscriber.takesPackets(subscriptions)) return -1;
      const qos = highestQos(subscriptions);
      groupOf(groups, subscriber.version === 5, qos).members.push(subscriber);
      key += `${subscriber.serial}:${qos} `;
      maxPacketBytes = Math.min(maxPacketBytes, subscriber.maxPacketBytes);
    }
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    if (this.#memberCount + subscribers.length > this.#maxMembers) return -1;
    this.#memberCount += subscribers.length;
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
