import type { Exchange, Topic } from "@dragoman/core";
import type { TimelessFields } from "../translation/send-message.ts";

/**
 * What SENDs with the same headers mean, as long as the topology stays as it is: where they lead, that this client
 * may send there, and the fields of their messages.
 */
export interface SendPlan {
  readonly exchange: Exchange;
  readonly topic: Topic;
  readonly fields: TimelessFields;
  /** The router's, when it was made. */
  readonly generation: number;
}
