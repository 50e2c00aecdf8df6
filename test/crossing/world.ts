import { vi } from "vitest";
import { type BrokerOptions, createBroker } from "dragoman";
import { Amqplib } from "../clients/amqplib.ts";
import { type MqttConnectOptions, MqttJs } from "../clients/mqtt-js.ts";
import { RawStomp } from "../clients/raw-stomp.ts";
import { StompJs, type StompVersion } from "../clients/stompjs.ts";

// A cell may wait for several things, each within its own bound, before it fails with what did not come.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

/** A broker, as far as its clients see it. */
interface Reachable {
  url(kind: "mqtt" | "stomp" | "amqp" | "ws"): string;
  close(): Promise<void>;
}

/** A broker on a free port, and clients of it, which it sends away when it stops. */
export class World {
  readonly broker: Reachable;

  static async start(options: BrokerOptions = {}): Promise<World> {
    return new World(await createBroker({ listeners: [{ port: 0 }], ...options }));
  }

  constructor(broker: Reachable) {
    this.broker = broker;
  }

  async stop(): Promise<void> {
    await this.broker.close();
  }

  async mqtt5(options: MqttConnectOptions = {}): Promise<MqttJs> {
    return await MqttJs.connect(this.broker.url("mqtt"), { protocolVersion: 5, ...options });
  }

  async mqtt3(options: MqttConnectOptions = {}): Promise<MqttJs> {
    return await MqttJs.connect(this.broker.url("mqtt"), { protocolVersion: 4, ...options });
  }

  async stomp(version: StompVersion = "1.2", headers: Record<string, string> = {}): Promise<StompJs> {
    return await StompJs.connect(this.broker.url("stomp"), { version, headers });
  }

  async rawStomp(version: StompVersion = "1.2"): Promise<RawStomp> {
    return await RawStomp.connect(this.broker.url("stomp"), version);
  }

  async amqp(): Promise<Amqplib> {
    return await Amqplib.connect(this.broker.url("amqp"));
  }
}
