import type { Delivery, Message, Subscription } from "@dragoman/core";

export interface TransitFields {
  readonly packetId: number;
  readonly qos: 1 | 2;
  readonly message: Message | undefined;
  readonly subscriptions: readonly Subscription[];
  readonly delivery: Delivery | undefined;
  readonly phase: "published" | "released";
  readonly wasSent: boolean;
}

/** A PUBLISH of QoS 1 or 2 to the client, from its first sending to the end of its flow. */
export class Transit {
  readonly packetId: number;
  readonly qos: 1 | 2;
  /** Undefined once it was released and the broker restarted: the flow ends without it. */
  readonly message: Message | undefined;
  /** Those that selected it, with what each grants. */
  readonly subscriptions: readonly Subscription[];
  /** The queue's hold on it, until the client has it; undefined when it came from no queue. */
  readonly delivery: Delivery | undefined;
  /** "released": the client has it, and the PUBCOMP is missing [MQTT-4.3.3-6]. */
  phase: "published" | "released";
  /** The client may have seen it: another sending is a repetition [MQTT-3.3.1-1]. */
  wasSent: boolean;
  /** It has taken a place in the connection's window itself; otherwise the queue's consumer did for it. */
  ownsQuota: boolean;
  /** The table's: its place in the order of those that have begun, and another flow in the same chain. */
  begun = 0;
  next: Transit | undefined;

  constructor(fields: TransitFields) {
    this.packetId = fields.packetId;
    this.qos = fields.qos;
    this.message = fields.message;
    this.subscriptions = fields.subscriptions;
    this.delivery = fields.delivery;
    this.phase = fields.phase;
    this.wasSent = fields.wasSent;
    this.ownsQuota = fields.delivery === undefined;
  }
}
