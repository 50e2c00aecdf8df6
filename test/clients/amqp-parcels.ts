import { AmqpConsumer, amqpPublish } from "./amqp-tools.ts";
import { Amqplib } from "./amqplib.ts";
import { missingModule, missingProgram } from "./child.ts";
import { CloudAmqp } from "./cloudamqp.ts";
import { ALL_FIELDS, type Everyone, fieldOf, type Parcel, textOf } from "./parcel.ts";
import { PythonClient } from "./python-client.ts";

/** MQTT's spelling as a routing key, and back. */
const keyOf = (topic: string): string => topic.replaceAll(/[./]/g, (mark) => (mark === "/" ? "." : "/"));

/** The npm client `amqplib`. */
export const amqplib: Everyone = {
  name: "amqplib",
  protocol: "AMQP",
  missing: undefined,
  canSay: ALL_FIELDS,
  canSee: ALL_FIELDS,
  async start(urlOf, below) {
    const client = await Amqplib.connect(urlOf("amqp"));
    const inbox = await client.subscribe(`${below}.#`);
    const parcelOf = (arrival: Awaited<ReturnType<typeof inbox.next>>): Parcel => ({
      topic: keyOf(arrival.routingKey),
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

/** The npm client `@cloudamqp/amqp-client`. */
export function cloudAmqp(kind: "amqp" | "ws"): Everyone {
  return {
    name: `cloudamqp${kind === "ws" ? " ws" : ""}`,
    protocol: "AMQP",
    missing: undefined,
    canSay: ALL_FIELDS,
    canSee: ALL_FIELDS,
    async start(urlOf, below) {
      const client = await CloudAmqp.connect(kind === "ws" ? `${urlOf("ws")}/amqp` : urlOf("amqp"));
      const inbox = await client.subscribe(`${below}.#`);
      const parcelOf = ({
        routingKey,
        body,
        properties,
      }: Awaited<ReturnType<typeof inbox.next>>): Parcel => ({
        topic: keyOf(routingKey),
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
export const amqpTools: Everyone = {
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

/** Debian's python3-pika. */
export const pika: Everyone = {
  name: "pika",
  protocol: "AMQP",
  missing: missingModule("pika"),
  canSay: ALL_FIELDS,
  canSee: ALL_FIELDS,
  async start(urlOf, below) {
    const client = await PythonClient.start("pika_client", urlOf("amqp"));
    await client.subscribe(`${below}.#`);
    const parcelOf = ({
      address,
      body,
      fields,
    }: Awaited<ReturnType<typeof client.arrivals.next>>): Parcel => ({
      topic: keyOf(address),
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
