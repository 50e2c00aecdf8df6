import type { Exchange, MessageHead } from "@dragoman/core";

/**
 * What SENDs with the same headers mean, as long as the topology stays as it is: that this client may send there,
 * and everything about their messages but the body.
 */
export interface SendPlan {
  readonly exchange: Exchange;
  readonly head: MessageHead;
  /** The router's, when it was made. */
  readonly generation: number;
}
