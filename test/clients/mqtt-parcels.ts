import { missingModule, missingProgram } from "./child.ts";
import { MosquittoSubscriber, type MosquittoVersion, mosquittoPublish } from "./mosquitto.ts";
import { type MqttArrival, type MqttFields, MqttJs } from "./mqtt-js.ts";
import { type Everyone, fieldOf, type Parcel, type ParcelField } from "./parcel.ts";
import { PythonClient } from "./python-client.ts";

function toMqttFields({ contentType, correlation, colour, durable }: Parcel): MqttFields {
  return {
    qos: durable === true ? 1 : 0,
    ...(contentType === undefined ? {} : { contentType }),
    ...(correlation === undefined ? {} : { correlationData: correlation }),
    ...(colour === undefined ? {} : { userProperties: { colour } }),
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

/** The npm client `mqtt`. */
export function mqttJs(version: "3.1.1" | "5", kind: "mqtt" | "ws"): Everyone {
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

/** `mosquitto_pub` and `mosquitto_sub`. */
export function mosquitto(version: MosquittoVersion): Everyone {
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

/** Debian's python3-paho-mqtt. */
export function paho(version: "3.1.1" | "5"): Everyone {
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
