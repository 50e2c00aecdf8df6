import type { Message, Subscription } from "@dragoman/core";
import type { Qos } from "../codec/qos.ts";

/**
 * The level at which a message goes to a client: the highest that a subscription grants, but no higher than the
 * publisher's [MQTT-3.3.4-2], [MQTT-3.8.4-8], [MQTT-4.8.2-3], MQTT 3.1.1 [MQTT-3.3.5-1]. A publisher whose protocol has no levels
 * sets no limit.
 */
export function effectiveQos(message: Message, subscriptions: readonly Subscription[]): Qos {
  const granted = highestQos(subscriptions);
  const published = message.qos ?? 2;
  return published < granted ? published : granted;
}

/** The highest level that any of them grants. */
export function highestQos(subscriptions: readonly Subscription[]): Qos {
  let granted: Qos = 0;
  for (const { qos } of subscriptions) if (qos > granted) granted = qos;
  return granted;
}

/**
 * The RETAIN flag of a delivery: set on what is sent because it was retained (MQTT 3.1.1 [MQTT-3.3.1-8]), else only
 * as it was published and where the subscription asks for it [MQTT-3.3.1-12], [MQTT-3.3.1-13], MQTT 3.1.1
 * [MQTT-3.3.1-9].
 */
export function retainFlag(message: Message, subscriptions: readonly Subscription[]): boolean {
  for (const { retainAsPublished, isRetainedCopy } of subscriptions) {
    if (isRetainedCopy === true || (retainAsPublished && message.retain)) return true;
  }
  return false;
}

/** The Subscription Identifiers of all that selected the message [MQTT-3.3.4-3], [MQTT-3.3.4-4]. */
export function subscriptionIdentifiers(subscriptions: readonly Subscription[]): number[] | undefined {
  let ids: number[] | undefined;
  for (const { id } of subscriptions) if (id !== undefined) (ids ??= []).push(id);
  return ids;
}
