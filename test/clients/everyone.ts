import { AmqpConsumer, amqpPublish } from "./amqp-tools.ts";
import { Amqplib } from "./amqplib.ts";
import { missingModule, missingProgram } from "./child.ts";
import { CloudAmqp } from "./cloudamqp.ts";
import { MosquittoSubscriber, type MosquittoVersion, mosquittoPublish } from "./mosquitto.ts";
import { type MqttArrival, MqttJs } from "./mqtt-js.ts";
import type { Parcel, ParcelField } from "./parcel.ts";
import { PythonClient } from "./python-client.ts";
import { Stompit } from "./stompit.ts";
import { type StompArrival, StompJs, type StompVersion } from "./stompjs.ts";

export type UrlOf = (kind: "mqtt" | "stomp" | "amqp" | "ws") => string;

/** A client at work. */
export interface Running {
  publish(parcel: Parcel): Promise<void>;
  /** The next parcel that came in and is wanted. Everything below `below/` comes in. */
  next(wanted: (parcel: Parcel) => boolean): Promise<Parcel>;
  close(): Promise<void>;
}

/** A real client with the common face. */
export interface Everyone {
  readonly name: string;
  readonly protocol: "MQTT" | "STOMP" | "AMQP";
  /** Why it cannot run here; undefined when it can. */
  readonly missing: string | undefined;
  readonly canSay: readonly ParcelField[];
  readonly canSee: readonly ParcelField[];
  /** Connects and subscribes to everything below a first level. */
  start(urlOf: UrlOf, below: string): Promise<Running>;
}

const ALL: readonly ParcelField[] = ["contentType", "correlation", "colour", "durable"];
const keyOf = (topic: string): string => topic.replaceAll(/[./]/g, (mark) => (mark === "/" ? "." : "/"));
const topicOf = keyOf;

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function fieldOf(table: unknown, name: string): string | undefined {
  if (typeof table !== "object" || table === null) return undefined;
  return textOf(Object.entries(table).find(([key]) => key === name)?.[1]);
}

// MQTT

function toMqttFields({ contentType, correlation, colour, durable }: Parcel): object {
  return {
    qos: durable === true ? 1 : 0,
    contentType,
    correlationData: correlation,
    userProperties: colour === undefined ? undefined : { colour },
  };
}

function fromMqtt({ topic, body, contentType, correlationData, userProperties }: MqttArrival): Parcel {
  return {
    topic,
    body,
    contentType,
    correlation: correlationData,
    colour: fieldOf(userProperties, "colour"),
  };
}

function mqttJs(version: "3.1.1" | "5", kind: "mqtt" | "ws"): Everyone {
  const fields: readonly ParcelField[] = version === "5" ? ["contentType", "correlation", "colour"] : [];
  return {
    name: `mqtt ${version}${kind === "ws" ? " ws" : ""}`,
    protocol: "MQTT",
    missing: undefined,
    canSay: [...fields, "durable"],
    canSee: fields,
    async start(urlOf, below) {
      const url = kind === "ws" ? `${urlOf("ws")}/mqtt` : urlOf("mqtt");
      const client = await MqttJs.connect(url, { protocolVersion: version === "5" ? 5 : 4 });
      await client.subscribe(`${below}/#`, { qos: 1 });
      return {
        publish: async (parcel) => {
          await client.publish(parcel.topic, parcel.body, toMqttFields(parcel));
        },
        next: async (wanted) => fromMqtt(await client.arrivals.next((arrival) => wanted(fromMqtt(arrival)))),
        close: () => client.close(),
      };
    },
  };
}

function mosquitto(version: MosquittoVersion): Everyone {
  const fields: readonly ParcelField[] = version === "5" ? ["contentType", "correlation", "colour"] : [];
  return {
    name: `mosquitto ${version}`,
    protocol: "MQTT",
    missing: missingProgram("mosquitto_sub") ?? missingProgram("mosquitto_pub"),
    canSay: [...fields, "durable"],
    canSee: fields,
    async start(urlOf, below) {
      const subscriber = await MosquittoSubscriber.start(urlOf("mqtt"), version, `${below}/#`);
      const parcelOf = ({
        topic,
        body,
        properties,
      }: Awaited<ReturnType<typeof subscriber.arrivals.next>>): Parcel => ({
        topic,
        body,
        contentType: fieldOf(properties, "content-type"),
        correlation: fieldOf(properties, "correlation-data"),
        colour: fieldOf(properties["user-properties"], "colour"),
      });
      return {
        publish: (parcel) =>
          mosquittoPublish(urlOf("mqtt"), version, parcel.topic, parcel.body, toMqttFields(parcel)),
        next: async (wanted) =>
          parcelOf(await subscriber.arrivals.next((arrival) => wanted(parcelOf(arrival)))),
        close: () => subscriber.close(),
      };
    },
  };
}

function paho(version: "3.1.1" | "5"): Everyone {
  const fields: readonly ParcelField[] = version === "5" ? ["contentType", "correlation", "colour"] : [];
  return {
    name: `paho ${version}`,
    protocol: "MQTT",
    missing: missingModule("paho.mqtt.client"),
    canSay: [...fields, "durable"],
    canSee: fields,
    async start(urlOf, below) {
      const client = await PythonClient.start("paho_client", urlOf("mqtt"), version);
      await client.subscribe(`${below}/#`);
      const parcelOf = ({
        address,
        body,
        fields: seen,
      }: Awaited<ReturnType<typeof client.arrivals.next>>): Parcel => ({
        topic: address,
        body,
        contentType: fieldOf(seen, "contentType"),
        correlation: fieldOf(seen, "correlationData"),
        colour: fieldOf(pairsOf(seen["userProperties"]), "colour"),
      });
      return {
        publish: ({ topic, body, contentType, correlation, colour, durable }) =>
          client.publish(topic, body, {
            qos: durable === true ? 1 : 0,
            contentType,
            correlationData: correlation,
            userProperties: colour === undefined ? undefined : [["colour", colour]],
          }),
        next: async (wanted) => parcelOf(await client.arrivals.next((arrival) => wanted(parcelOf(arrival)))),
        close: () => client.close(),
      };
    },
  };
}

function pairsOf(list: unknown): object {
  return Array.isArray(list)
    ? Object.fromEntries(list.map((pair: unknown) => (Array.isArray(pair) ? pair : [])))
    : {};
}

// STOMP

function toStompHeaders({ contentType, correlation, colour, durable }: Parcel): Record<string, string> {
  return {
    ...(contentType === undefined ? {} : { "content-type": contentType }),
    ...(correlation === undefined ? {} : { "correlation-id": correlation }),
    ...(colour === undefined ? {} : { colour }),
    ...(durable === true ? { persistent: "true" } : {}),
  };
}

function fromStomp({ body, headers }: Pick<StompArrival, "body" | "headers">): Parcel {
  return {
    topic: (headers["destination"] ?? "").replace("/topic/", ""),
    body,
    contentType: headers["content-type"],
    correlation: headers["correlation-id"],
    colour: headers["colour"],
    durable: headers["persistent"] === "true",
  };
}

function stompJs(version: StompVersion, kind: "stomp" | "ws"): Everyone {
  return {
    name: `stompjs ${version}${kind === "ws" ? " ws" : ""}`,
    protocol: "STOMP",
    missing: undefined,
    canSay: ALL,
    canSee: ALL,
    async start(urlOf, below) {
      const client = await StompJs.connect(kind === "ws" ? `${urlOf("ws")}/stomp` : urlOf("stomp"), {
        version,
      });
      const inbox = await client.subscribe(`/topic/${below}/#`);
      return {
        publish: async (parcel) => {
          await client.send(`/topic/${parcel.topic}`, parcel.body, toStompHeaders(parcel));
        },
        next: async (wanted) => fromStomp(await inbox.next((arrival) => wanted(fromStomp(arrival)))),
        close: () => client.close(),
      };
    },
  };
}

const stompit: Everyone = {
  name: "stompit",
  protocol: "STOMP",
  missing: undefined,
  canSay: ALL,
  canSee: ALL,
  async start(urlOf, below) {
    const client = await Stompit.connect(urlOf("stomp"));
    const inbox = await client.subscribe(`/topic/${below}/#`);
    return {
      publish: (parcel) => client.send(`/topic/${parcel.topic}`, parcel.body, toStompHeaders(parcel)),
      next: async (wanted) => fromStomp(await inbox.next((arrival) => wanted(fromStomp(arrival)))),
      close: () => client.close(),
    };
  },
};

function stompPy(version: StompVersion): Everyone {
  return {
    name: `stomp.py ${version}`,
    protocol: "STOMP",
    missing: missingModule("stomp"),
    canSay: ALL,
    canSee: ALL,
    async start(urlOf, below) {
      const client = await PythonClient.start("stomp_client", urlOf("stomp"), version);
      await client.subscribe(`/topic/${below}/#`);
      const parcelOf = ({ body, fields }: Awaited<ReturnType<typeof client.arrivals.next>>): Parcel =>
        fromStomp({
          body,
          headers: Object.fromEntries(Object.entries(fields).map(([k, v]) => [k, String(v)])),
        });
      return {
        publish: (parcel) => client.publish(`/topic/${parcel.topic}`, parcel.body, toStompHeaders(parcel)),
        next: async (wanted) => parcelOf(await client.arrivals.next((arrival) => wanted(parcelOf(arrival)))),
        close: () => client.close(),
      };
    },
  };
}

// AMQP 0-9-1

const amqplib: Everyone = {
  name: "amqplib",
  protocol: "AMQP",
  missing: undefined,
  canSay: ALL,
  canSee: ALL,
  async start(urlOf, below) {
    const client = await Amqplib.connect(urlOf("amqp"));
    const inbox = await client.subscribe(`${below}.#`);
    const parcelOf = (arrival: Awaited<ReturnType<typeof inbox.next>>): Parcel => ({
      topic: topicOf(arrival.routingKey),
      body: arrival.body,
      contentType: arrival.contentType,
      correlation: arrival.correlationId,
      colour: fieldOf(arrival.headers, "colour"),
      durable: arrival.durable,
    });
    return {
      publish: ({ topic, body, contentType, correlation, colour, durable }) =>
        client.publish("amq.topic", keyOf(topic), body, {
          ...(contentType === undefined ? {} : { contentType }),
          ...(correlation === undefined ? {} : { correlationId: correlation }),
          ...(colour === undefined ? {} : { headers: { colour } }),
          persistent: durable === true,
        }),
      next: async (wanted) => parcelOf(await inbox.next((arrival) => wanted(parcelOf(arrival)))),
      close: () => client.close(),
    };
  },
};

function cloudAmqp(kind: "amqp" | "ws"): Everyone {
  return {
    name: `cloudamqp${kind === "ws" ? " ws" : ""}`,
    protocol: "AMQP",
    missing: undefined,
    canSay: ALL,
    canSee: ALL,
    async start(urlOf, below) {
      const client = await CloudAmqp.connect(kind === "ws" ? `${urlOf("ws")}/amqp` : urlOf("amqp"));
      const inbox = await client.subscribe(`${below}.#`);
      const parcelOf = ({
        routingKey,
        body,
        properties,
      }: Awaited<ReturnType<typeof inbox.next>>): Parcel => ({
        topic: topicOf(routingKey),
        body,
        contentType: textOf(properties["contentType"]),
        correlation: textOf(properties["correlationId"]),
        colour: fieldOf(properties["headers"], "colour"),
        durable: properties["deliveryMode"] === 2,
      });
      return {
        publish: ({ topic, body, contentType, correlation, colour, durable }) =>
          client.publish("amq.topic", keyOf(topic), body, {
            ...(contentType === undefined ? {} : { contentType }),
            ...(correlation === undefined ? {} : { correlationId: correlation }),
            ...(colour === undefined ? {} : { headers: { colour } }),
            deliveryMode: durable === true ? 2 : 1,
          }),
        next: async (wanted) => parcelOf(await inbox.next((arrival) => wanted(parcelOf(arrival)))),
        close: () => client.close(),
      };
    },
  };
}

function bodyOnly(body: string): Parcel {
  return { topic: "", body };
}

/** `amqp-publish` cannot say a correlation; `amqp-consume` hands over bodies only, so its topic is unseen. */
const amqpTools: Everyone = {
  name: "amqp-tools",
  protocol: "AMQP",
  missing: missingProgram("amqp-publish") ?? missingProgram("amqp-consume"),
  canSay: ["contentType", "colour", "durable"],
  canSee: [],
  async start(urlOf, below) {
    const setup = await Amqplib.connect(urlOf("amqp"));
    const queue = `${below}-for-amqp-consume`;
    await setup.channel.assertQueue(queue, { durable: false });
    await setup.channel.bindQueue(queue, "amq.topic", `${below}.#`);
    await setup.close();
    const consumer = AmqpConsumer.start(urlOf("amqp"), queue);
    return {
      publish: ({ topic, body, contentType, colour, durable }) =>
        amqpPublish(urlOf("amqp"), "amq.topic", keyOf(topic), body, {
          ...(contentType === undefined ? {} : { contentType }),
          ...(colour === undefined ? {} : { headers: { colour } }),
          persistent: durable === true,
        }),
      next: async (wanted) => bodyOnly(await consumer.bodies.next((body) => wanted(bodyOnly(body)))),
      close: () => consumer.close(),
    };
  },
};

const pika: Everyone = {
  name: "pika",
  protocol: "AMQP",
  missing: missingModule("pika"),
  canSay: ALL,
  canSee: ALL,
  async start(urlOf, below) {
    const client = await PythonClient.start("pika_client", urlOf("amqp"));
    await client.subscribe(`${below}.#`);
    const parcelOf = ({
      address,
      body,
      fields,
    }: Awaited<ReturnType<typeof client.arrivals.next>>): Parcel => ({
      topic: topicOf(address),
      body,
      contentType: fieldOf(fields, "contentType"),
      correlation: fieldOf(fields, "correlationId"),
      colour: fieldOf(fields["headers"], "colour"),
      durable: fields["deliveryMode"] === 2,
    });
    return {
      publish: ({ topic, body, contentType, correlation, colour, durable }) =>
        client.publish(keyOf(topic), body, {
          contentType,
          correlationId: correlation,
          headers: colour === undefined ? undefined : { colour },
          deliveryMode: durable === true ? 2 : 1,
        }),
      next: async (wanted) => parcelOf(await client.arrivals.next((arrival) => wanted(parcelOf(arrival)))),
      close: () => client.close(),
    };
  },
};

/** Every client that the tests know, MQTT first, then STOMP, then AMQP. */
export const EVERYONE: readonly Everyone[] = [
  mqttJs("3.1.1", "mqtt"),
  mqttJs("5", "mqtt"),
  mqttJs("5", "ws"),
  mosquitto("3.1.1"),
  mosquitto("5"),
  paho("3.1.1"),
  paho("5"),
  stompit,
  stompJs("1.2", "stomp"),
  stompJs("1.0", "ws"),
  stompJs("1.1", "ws"),
  stompJs("1.2", "ws"),
  stompPy("1.0"),
  stompPy("1.1"),
  stompPy("1.2"),
  amqplib,
  cloudAmqp("amqp"),
  cloudAmqp("ws"),
  amqpTools,
  pika,
];
