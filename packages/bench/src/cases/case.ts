import type { Flow } from "../flow.ts";

/** One question to a broker. */
export interface Case {
  readonly name: string;
  /** What is asked, in words. */
  readonly question: string;
  readonly flow: Flow | "idle";
  /** What a confirmation means, where it is not the broker's own default. */
  readonly durability?: "os";
  /** Part of the short form. */
  readonly isShort?: true;
}

/** A flow with what most cases have in common. */
export function flow(
  from: Flow["from"],
  to: Flow["to"],
  rest: Partial<Flow> & Pick<Flow, "bodyBytes" | "window">,
): Flow {
  return {
    from,
    to,
    publishers: 1,
    subscribers: 1,
    reach: "pairs",
    address: "topic",
    batch: Math.max(1, Math.min(500, Math.floor(rest.window / 4))),
    ...rest,
  };
}
