import { type IClientOptions, type IPublishPacket, type MqttClient, connect } from "mqtt";
import { bytesText, present, textBytes } from "./bytes-text.ts";
import { Inbox, within } from "./inbox.ts";

/** Fields of a PUBLISH under the names that the npm client `mqtt` gives them. */
export interface MqttFields {
  readonly qos?: 0 | 1 | 2;
  readonly retain?: boolean;
  readonly dup?: boolean;
  readonly payloadFormatIndicator?: boolean;
  /** s */
  readonly messageExpiryInterval?: number;
  readonly topicAlias?: number;
  readonly responseTopic?: string;
  /** Text, or `hex:…`. */
  readonly correlationData?: string;
  readonly contentType?: string;
  readonly userProperties?: Record<string, string | string[]>;
  readonly subscriptionIdentifier?: number | number[];
}

export interface MqttArrival extends MqttFields {
  readonly topic: string;
  readonly body: string;
  /** Sends PUBACK or PUBREC with a reason code; only of a client that holds its acknowledgements. */
  readonly settle?: (reasonCode: number) => void;
}

export interface MqttConnectOptions extends IClientOptions {
  /** Messages of QoS 1 and 2 are not acknowledged until the test says so. */
  readonly holdsAcknowledgements?: boolean;
}

export interface MqttSubscribeFields {
  readonly qos?: 0 | 1 | 2;
  /** No Local */
  readonly nl?: boolean;
  /** Retain As Published */
  readonly rap?: boolean;
  /** Retain Handling */
  readonly rh?: 0 | 1 | 2;
  readonly subscriptionIdentifier?: number;
}

function propertiesOf({ qos: _qos, retain: _retain, dup: _dup, ...rest }: MqttFields): object | undefined {
  const { correlationData, ...others } = rest;
  const properties = present({
    ...others,
    correlationData: correlationData === undefined ? undefined : textBytes(correlationData),
  });
  return Object.keys(properties).length === 0 ? undefined : properties;
}

function toArrival(topic: string, payload: Buffer, packet: IPublishPacket): MqttArrival {
  const { correlationData, userProperties, ...properties } = packet.properties ?? {};
  return {
    topic,
    body: bytesText(payload),
    qos: packet.qos,
    retain: packet.retain,
    dup: packet.dup,
    ...present({
      ...properties,
      correlationData: correlationData === undefined ? undefined : bytesText(correlationData),
      userProperties: userProperties === undefined ? undefined : { ...userProperties },
    }),
  };
}

/** The npm client `mqtt`, in version 3.1, 3.1.1 or 5, over TCP or WebSocket. */
export class MqttJs {
  readonly client: MqttClient;
  readonly arrivals: Inbox<MqttArrival>;
  /** Packets as they came, for what the client does not report. */
  readonly packets: Inbox<{
    readonly cmd: string;
    readonly reasonCode?: number;
    readonly messageId?: number;
  }>;
  readonly closed: Promise<void>;
  readonly #connected: Promise<void>;

  static async connect(url: string, options: MqttConnectOptions = {}): Promise<MqttJs> {
    const { holdsAcknowledgements = false, ...given } = options;
    const mqtt = connect(url, { protocolVersion: 5, reconnectPeriod: 0, connectTimeout: 3_000, ...given });
    const client = new MqttJs(mqtt, holdsAcknowledgements);
    await within(client.#connected, "mqtt connect");
    return client;
  }

  private constructor(client: MqttClient, holds: boolean) {
    this.client = client;
    // Messages of a kept session may come with the CONNACK: whoever listens later misses them.
    this.arrivals = new Inbox(`mqtt ${client.options.clientId ?? ""}`);
    this.packets = new Inbox(`mqtt ${client.options.clientId ?? ""} packets`);
    if (holds) {
      // The client reports a message only when it was accepted, so it is taken where it asks.
      client.options.customHandleAcks = (topic, payload, packet, done) => {
        const settle = (reasonCode: number): void => {
          done(reasonCode);
        };
        this.arrivals.push({ ...toArrival(topic, payload, packet), settle });
      };
    } else {
      client.on("message", (topic, payload, packet) => {
        this.arrivals.push(toArrival(topic, payload, packet));
      });
    }
    client.on("packetreceive", (packet) => {
      this.packets.push(packet);
    });
    client.on("error", (error) => {
      this.arrivals.end(`error ${error.message}`);
    });
    this.#connected = new Promise((resolve, reject) => {
      client.once("connect", () => {
        resolve();
      });
      client.once("error", reject);
      client.once("close", () => {
        reject(new Error("closed before CONNACK"));
      });
    });
    this.closed = new Promise((resolve) => {
      client.once("close", () => {
        this.arrivals.end("connection closed");
        this.packets.end("connection closed");
        resolve();
      });
    });
  }

  /** Resolves when what its level of delivery promises is done. */
  async publish(topic: string, body: string | Buffer, fields: MqttFields = {}): Promise<number | undefined> {
    const { qos = 0, retain = false, dup = false } = fields;
    const properties = propertiesOf(fields);
    const options = { qos, retain, dup, ...(properties === undefined ? {} : { properties }) };
    const packet = await within(this.client.publishAsync(topic, body, options), `mqtt publish ${topic}`);
    return packet !== undefined && "reasonCode" in packet ? packet.reasonCode : undefined;
  }

  /** Resolves with the granted levels. Arrivals of all subscriptions come to one inbox. */
  async subscribe(filter: string, fields: MqttSubscribeFields = {}): Promise<readonly number[]> {
    const { subscriptionIdentifier, ...options } = fields;
    const grants = await within(
      this.client.subscribeAsync(filter, {
        qos: 0,
        ...options,
        ...(subscriptionIdentifier === undefined ? {} : { properties: { subscriptionIdentifier } }),
      }),
      `mqtt subscribe ${filter}`,
    );
    return grants.map(({ qos }) => qos);
  }

  /** Ends the connection with DISCONNECT. */
  async close(): Promise<void> {
    await within(this.client.endAsync(), "mqtt end");
  }

  /** Breaks the connection without DISCONNECT, so that a will is published. */
  async break(): Promise<void> {
    this.client.stream.destroy();
    await within(this.closed, "mqtt close");
  }
}
