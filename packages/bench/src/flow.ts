/** How a publisher speaks. */
export type PublisherSpec =
  | {
      readonly protocol: "mqtt";
      readonly qos: 0 | 1 | 2;
      readonly version?: 4 | 5;
      readonly webSocket?: boolean;
    }
  | {
      readonly protocol: "amqp";
      readonly confirm: boolean;
      readonly persistent: boolean;
      readonly webSocket?: boolean;
    }
  | { readonly protocol: "stomp"; readonly webSocket?: boolean };

/** How a subscriber speaks and settles. */
export type SubscriberSpec =
  | {
      readonly protocol: "mqtt";
      readonly qos: 0 | 1 | 2;
      readonly version?: 4 | 5;
      /** The session is kept and everything in it survives a restart. */
      readonly durable?: boolean;
      readonly webSocket?: boolean;
    }
  | {
      readonly protocol: "amqp";
      /** 0 for automatic acknowledgement; otherwise each message is acknowledged by itself. */
      readonly prefetch: number;
      readonly durable: boolean;
      readonly webSocket?: boolean;
    }
  | { readonly protocol: "stomp"; readonly prefetch: number; readonly webSocket?: boolean };

/** Traffic of one case: who sends what to whom, how much of it may be on its way, and how fast. */
export interface Flow {
  readonly from: PublisherSpec;
  readonly to: SubscriberSpec;
  readonly publishers: number;
  /** With 0, messages gather in one durable queue or kept session, and what is counted is confirmed. */
  readonly subscribers: number;
  /**
   * `pairs`: publisher n reaches subscriber n alone; `shared`: each message reaches every subscriber.
   */
  readonly reach: "pairs" | "shared";
  /** Where messages go: the topic space, or a queue of its own for each pair. */
  readonly address: "topic" | "queue";
  /** At least 8: each body begins with its publisher and its number. */
  readonly bodyBytes: number;
  /** Messages of one publisher that may be on their way, unconfirmed or undelivered. */
  readonly window: number;
  /** Messages in one write. */
  readonly batch: number;
  /** Messages per second of all publishers together, each written by itself; without it, as fast as the window allows. */
  readonly ratePerSecond?: number;
  /** Distinct topics that each publisher goes through in turn; 1 unless given. */
  readonly topics?: number;
  /** Wildcard subscriptions of other clients, none of which selects what is published. */
  readonly otherSubscriptions?: number;
  /** Clients that connect, subscribe and leave again, each second. */
  readonly churnPerSecond?: number;
  /** MQTT connections with a subscription each that nothing is published to. */
  readonly otherConnections?: number;
  /** Messages that lie in the queue before its consumer comes, and remain. AMQP only, one pair. */
  readonly backlog?: number;
}

export type ProtocolName = PublisherSpec["protocol"];

/** Ports of a broker on the loopback interface; what it does not speak is absent. */
export type Ports = Readonly<Partial<Record<ProtocolName | "webSocket", number>>>;

/** What the process that makes the load is told to do. */
export interface Job {
  readonly flow: Flow | "idle";
  /** Connections of the case `idle`. */
  readonly connections: number;
  readonly ports: Ports;
  /** The broker's process, whose cost is measured. */
  readonly pid: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** What came out of one job. */
export interface Outcome {
  /** Deliveries in the measured window; confirmed publishes where nobody subscribes. */
  readonly delivered: number;
  readonly seconds: number;
  /** Processor time of the broker in the measured window, in microseconds. */
  readonly serverCpuUs: number;
  /** Share of one core that the generator took, 0 to 1. */
  readonly generatorLoad: number;
  /** Microseconds from the moment a message was due, or was written where nothing is due, until it arrived. */
  readonly latencyUs?: { readonly p50: number; readonly p99: number; readonly p999: number };
  readonly peakBytes: number;
  /** Commits per second, from a broker that tells how many it has made. */
  readonly commitsPerSecond?: number;
  /** What the disk did of these just before, 64 KiB each; only where every message has to be written. */
  readonly fdatasyncsPerSecond?: number;
  /** What the broker held in memory and how long messages took, tenth by tenth; only of flows with churn. */
  readonly tenths?: readonly { readonly residentBytes: number; readonly p99Us: number }[];
  /** Growth of the broker's memory for each connection, in bytes; only of the idle case. */
  readonly bytesPerConnection?: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly outOfOrder: number;
}
