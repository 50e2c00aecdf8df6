import { defaultStompOptions, type StompOptions } from "@dragoman/stomp";
import { choice, integer, optional } from "./form.ts";
import type { SectionTable } from "./section.ts";

/** What the configuration can say about STOMP. */
export interface StompSettings extends Pick<
  StompOptions,
  | "bareDestination"
  | "fidelity"
  | "repeatedHeaders"
  | "minHeartBeatMs"
  | "maxHeaderCount"
  | "maxHeaderLineBytes"
  | "maxHeadBytes"
  | "maxSubscriptions"
  | "maxTransactionBytes"
  | "maxOutboxBytes"
> {
  readonly profile: "rabbitmq" | "activemq";
}

/** What of STOMP can be set, with its standard. */
export const STOMP_SETTINGS: SectionTable<StompSettings> = {
  bareDestination: {
    standard: defaultStompOptions.bareDestination,
    form: optional(choice("which", ["topic", "queue"])),
    help: "what a destination without a known prefix such as /topic/ is; without it, such a destination is refused",
  },
  profile: {
    standard: "rabbitmq",
    form: choice("broker", ["rabbitmq", "activemq"]),
    help: "how the expiry of a message of another protocol is written: rabbitmq, the milliseconds that remain as expiration; activemq, the time since 1970 as expires",
  },
  fidelity: {
    standard: defaultStompOptions.fidelity,
    form: choice("which", ["text", "full"]),
    help: "with full, a header x-types tells the types of an AMQP message's headers, and restores them when it comes back",
  },
  repeatedHeaders: {
    standard: defaultStompOptions.repeatedHeaders,
    form: choice("which", ["all", "suffix"]),
    help: "headers of one name in a message of another protocol: all, under that name, of which clients read the first; suffix, the others as name-2, name-3 and so on",
  },
  minHeartBeatMs: {
    standard: defaultStompOptions.minHeartBeatMs,
    form: integer("ms", 1, 3_600_000),
    help: "shortest interval of heart-beats in milliseconds, whatever shorter one a client offers or wants",
  },
  maxHeaderCount: {
    standard: defaultStompOptions.maxHeaderCount,
    form: integer("count", 10, 1_000_000),
    help: "headers of a frame",
  },
  maxHeaderLineBytes: {
    standard: defaultStompOptions.maxHeaderLineBytes,
    form: integer("bytes", 256, 16_777_216),
    help: "size of one header with its name",
  },
  maxHeadBytes: {
    standard: defaultStompOptions.maxHeadBytes,
    form: integer("bytes", 256, 67_108_864),
    help: "size of all headers of a frame together; maxMessageBytes limits its body",
  },
  maxSubscriptions: {
    standard: defaultStompOptions.maxSubscriptions,
    form: integer("count", 1, 1_000_000),
    help: "subscriptions of one connection",
  },
  maxTransactionBytes: {
    standard: defaultStompOptions.maxTransactionBytes,
    form: integer("bytes", 1, Number.MAX_SAFE_INTEGER),
    help: "bytes of messages that the open transactions of one connection hold",
  },
  maxOutboxBytes: {
    standard: defaultStompOptions.maxOutboxBytes,
    form: integer("bytes", 1, Number.MAX_SAFE_INTEGER),
    help: "bytes that wait to be sent to a slow client before messages of live subscriptions are dropped",
  },
};

/** The same in the protocol's own words. */
export function stompOptions({ profile, ...same }: Partial<StompSettings>): Partial<StompOptions> {
  if (profile === undefined) return same;
  return { ...same, expiryHeader: profile === "activemq" ? "expires" : "expiration" };
}
