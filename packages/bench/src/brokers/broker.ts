import type { Ports, ProtocolName } from "../flow.ts";

/** What a case asks of a broker's configuration. */
export interface BrokerNeeds {
  /** Durable messages must be on disk, as far as this broker can do that. */
  readonly durable: boolean;
  /** It is enough that the operating system has them. */
  readonly durability?: "os" | undefined;
  /** Where durable things are kept, for a broker that starts more than once; else a place that ends with it. */
  readonly directory?: string;
}

export interface Afterlife {
  /** Everything that the broker writes is in it. */
  readonly directory: string;
  /** Kills the broker between two instructions and starts it again. Resolves when it accepts connections. */
  crash(): Promise<void>;
}

export interface RunningBroker {
  /** The process whose cost is measured. */
  readonly pid: number;
  readonly ports: Ports;
  /** How it does after a crash; only of those that can be asked. */
  readonly afterlife?: Afterlife;
  stop(): Promise<void>;
}

/** What not every broker has. */
export type Feature = ProtocolName | "webSocket" | "mqtt-qos2" | "mqtt5" | "durability-os";

/** A broker that may stand in the table. */
export interface BrokerKind {
  readonly name: string;
  readonly speaks: ReadonlySet<Feature>;
  /** Name and version, or undefined when it is not installed. */
  version(): Promise<string | undefined>;
  start(needs: BrokerNeeds): Promise<RunningBroker>;
}
