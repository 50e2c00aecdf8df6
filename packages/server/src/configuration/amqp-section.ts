import { type AmqpOptions, DEFAULT_OPTIONS } from "@dragoman/amqp";
import { VERSION } from "../version.ts";
import { choice, integer, text } from "./form.ts";
import type { SectionTable } from "./section.ts";

/** What the configuration can say about AMQP 0-9-1. */
export type AmqpSettings = Pick<
  AmqpOptions,
  "product" | "version" | "channelMax" | "frameMax" | "heartbeatSeconds" | "repeatedHeaders"
>;

/** What of AMQP can be set, with its standard. */
export const AMQP_SETTINGS: SectionTable<AmqpSettings> = {
  product: {
    standard: DEFAULT_OPTIONS.product,
    form: text("name", "a name such as RabbitMQ"),
    help: "product that clients are shown; some choose their ways by it",
  },
  version: {
    standard: VERSION,
    form: text("version", "a version such as 3.13.7"),
    help: "version of the product that clients are shown",
  },
  channelMax: {
    standard: DEFAULT_OPTIONS.channelMax,
    form: integer("count", 1, 65_535),
    help: "channels of one connection",
  },
  frameMax: {
    standard: DEFAULT_OPTIONS.frameMax,
    form: integer("bytes", 4096, 16_777_216),
    help: "size of a frame; larger bodies travel in several",
  },
  heartbeatSeconds: {
    standard: DEFAULT_OPTIONS.heartbeatSeconds,
    form: integer("seconds", 0, 65_535),
    help: "time between heartbeats that is proposed to clients; 0 proposes none",
  },
  repeatedHeaders: {
    standard: DEFAULT_OPTIONS.repeatedHeaders,
    form: choice("which", ["array", "first", "last", "join"]),
    help: "what a header becomes that a message of another protocol has more than once: an array, its first or last value, or their texts with commas between",
  },
};
