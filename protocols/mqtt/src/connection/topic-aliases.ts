import { BrokerError } from "@dragoman/core";
import { reasonCode } from "../codec/reason-code.ts";
import { ReasonError } from "./reason.ts";

/** The aliases that a client has set for its topics. They end with the connection [MQTT-3.3.2-7]. */
export class IncomingAliases {
  readonly #maximum: number;
  /** From the first alias on. */
  #topics: Map<number, string> | undefined;

  /** @param maximum the Topic Alias Maximum of our CONNACK */
  constructor(maximum: number) {
    this.#maximum = maximum;
  }

  /**
   * The topic of a PUBLISH [MQTT-3.3.2-12].
   *
   * @throws BrokerError "protocol-violation" for an alias of 0 [MQTT-3.3.2-8] or above the maximum [MQTT-3.3.2-9],
   *   [MQTT-3.2.2-17], [MQTT-3.2.2-18], for one that was not set, and for neither topic nor alias, §3.3.2.1
   */
  resolve(topic: string, alias: number | undefined): string {
    if (alias === undefined) {
      if (topic === "") throw new BrokerError("protocol-violation", "neither topic nor alias, §3.3.2.1");
      return topic;
    }
    if (alias === 0 || alias > this.#maximum) {
      throw new ReasonError(
        reasonCode.topicAliasInvalid,
        "protocol-violation",
        `topic alias ${alias}, maximum ${this.#maximum} [MQTT-3.3.2-8] [MQTT-3.3.2-9]`,
      );
    }
    if (topic !== "") {
      this.#topics ??= new Map();
      this.#topics.set(alias, topic);
      return topic;
    }
    const known = this.#topics?.get(alias);
    if (known === undefined)
      throw new BrokerError("protocol-violation", `topic alias ${alias} is not set, §3.3.2.3.4`);
    return known;
  }
}

/** An alias for a topic on its way to a client. */
export interface ChosenAlias {
  readonly alias: number;
  /** The client knows it: the topic need not be sent. */
  readonly isKnown: boolean;
}

/** No topic so short gains from an alias: the property takes three bytes. */
const shortestTopicBytes = 4;

/**
 * The aliases that we set for the topics that a client receives: the topics used last have one
 * [MQTT-3.1.2-26], [MQTT-3.1.2-27], [MQTT-3.3.2-11].
 */
export class OutgoingAliases {
  readonly #maximum: number;
  /** In the order of their last use; from the first one on. */
  #aliases: Map<string, number> | undefined;
  #vacated: number[] | undefined;
  #used = 0;

  /** @param maximum 0 for none */
  constructor(maximum: number) {
    this.#maximum = maximum;
  }

  /** False when no packet will ever have one. */
  get areUsed(): boolean {
    return this.#maximum > 0;
  }

  choose(topic: string): ChosenAlias | undefined {
    if (this.#maximum === 0 || topic.length < shortestTopicBytes) return undefined;
    const aliases = (this.#aliases ??= new Map<string, number>());
    const known = aliases.get(topic);
    const alias = known ?? this.#vacant(aliases);
    aliases.delete(topic);
    aliases.set(topic, alias);
    return { alias, isKnown: known !== undefined };
  }

  /** The packet that would have set the alias was not sent. */
  forget(topic: string): void {
    const alias = this.#aliases?.get(topic);
    if (alias === undefined) return;
    this.#aliases?.delete(topic);
    (this.#vacated ??= []).push(alias);
  }

  #vacant(aliases: Map<string, number>): number {
    const vacated = this.#vacated?.pop();
    if (vacated !== undefined) return vacated;
    const [oldest] = this.#used < this.#maximum ? [] : aliases;
    if (oldest === undefined) return ++this.#used;
    aliases.delete(oldest[0]);
    return oldest[1];
  }
}
