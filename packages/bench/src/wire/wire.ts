import type { Link } from "../load/link.ts";
import type { Tally } from "../load/tally.ts";

/** One encoded message, and what changes in it from one to the next. */
export interface FrameTemplate {
  readonly bytes: Buffer;
  /** Where the body begins. */
  readonly bodyAt: number;
  /** Where the two bytes of the packet identifier are; -1 where there is none. */
  readonly packetIdAt: number;
}

/** The sending side of one connection, ready to publish. */
export interface PublisherWire {
  readonly link: Link;
  encode(topic: string, body: Buffer): FrameTemplate;
  /** Messages that the broker has taken responsibility for; undefined where it does not say. */
  readonly confirmed: number | undefined;
}

/** Where a subscriber hears, and what it does with it. */
export interface SubscriberPlace {
  readonly topic: string;
  readonly bodyBytes: number;
  readonly tally: Tally;
  /** Called once for each chunk that was read. */
  readonly heard: () => void;
}
