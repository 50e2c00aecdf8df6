import { BrokerError, type StreamStart, type VirtualHost } from "@dragoman/core";
import { parseTopicFilter } from "../codec/topic-filter.ts";
import type { Mounts } from "../translation/mounts.ts";

/** On topics of one's own, in a group whose members share a queue, or on a queue by its name. */
export type SubscriptionKind =
  | { readonly name: "topics"; readonly exchange: string; readonly filter: string }
  | {
      readonly name: "group";
      readonly exchange: string;
      readonly filter: string;
      readonly queue: string;
      /** It has one member at a time. */
      readonly isExclusive: boolean;
    }
  | {
      readonly name: "queue";
      readonly queue: string;
      /** Where to begin in a stream. */
      readonly start: StreamStart | undefined;
    };

const queuePrefix = "$queue/";
const exclusivePrefix = "$exclusive/";
const streamPrefix = "$stream/";

/**
 * What a Topic Filter stands for: topics, a group of subscribers, or a queue or stream by its name.
 *
 * @throws BrokerError "malformed" or "bad-address" when it can stand for nothing
 */
export function subscriptionKind(text: string, vhost: VirtualHost, mounts: Mounts): SubscriptionKind {
  const { group, filter } = parseTopicFilter(text);
  if (group !== undefined) return groupKind(group, filter, mounts);
  if (text.startsWith("$exchange/") || text.startsWith("$reply/")) {
    throw new BrokerError("bad-address", `${text} can only be published to`);
  }
  if (text.startsWith(exclusivePrefix)) {
    const shared = behind(exclusivePrefix, text);
    const { exchange, rest } = mounts.find(shared);
    return { name: "group", exchange, filter: rest, queue: `exclusive.${shared}`, isExclusive: true };
  }
  if (text.startsWith(streamPrefix)) return streamKind(behind(streamPrefix, text));
  if (!text.startsWith(queuePrefix)) {
    const { exchange, rest } = mounts.find(filter);
    return { name: "topics", exchange, filter: rest };
  }
  const queue = behind(queuePrefix, text);
  if (vhost.topology.queues.has(queue)) return { name: "queue", queue, start: undefined };
  // EMQX's short form of a group: everybody who subscribes like this.
  return groupKind("$queue", queue, mounts);
}

/** The queue of a group has a public name, for members of other protocols: `share.<group>.<filter>`. */
function groupKind(group: string, filter: string, mounts: Mounts): SubscriptionKind {
  const { exchange, rest } = mounts.find(filter);
  return { name: "group", exchange, filter: rest, queue: `share.${group}.${filter}`, isExclusive: false };
}

/** `<offset>/<name>`: a number, or one of the words that AMQP's `x-stream-offset` has. */
function streamKind(text: string): SubscriptionKind {
  const slash = text.indexOf("/");
  const queue = text.slice(slash + 1);
  if (slash <= 0 || queue === "") throw new BrokerError("bad-address", `${text} is not <offset>/<stream>`);
  return { name: "queue", queue, start: streamStart(text.slice(0, slash)) };
}

function streamStart(offset: string): StreamStart {
  if (offset === "first" || offset === "last" || offset === "next") return { from: offset };
  if (/^\d{1,15}$/.test(offset)) return { from: "offset", offset: Number(offset) };
  throw new BrokerError("bad-address", `'${offset}' is no offset: first, last, next or a number`);
}

function behind(prefix: string, text: string): string {
  const rest = text.slice(prefix.length);
  if (rest === "") throw new BrokerError("bad-address", `${text} names nothing`);
  return rest;
}
