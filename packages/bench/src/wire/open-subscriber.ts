import type { Flow, Ports, SubscriberSpec } from "../flow.ts";
import type { Link } from "../load/link.ts";
import { bindToTopic, consumeAmqp, declareQueue, openAmqp } from "./amqp.ts";
import { AmqpReader } from "./amqp-reader.ts";
import { openMqtt, subscribeMqtt } from "./mqtt.ts";
import { MqttReader } from "./mqtt-reader.ts";
import { portOf } from "./open-publisher.ts";
import { openStomp, subscribeStomp } from "./stomp.ts";
import { StompReader } from "./stomp-reader.ts";
import type { SubscriberPlace } from "./wire.ts";

type Spec<Name extends SubscriberSpec["protocol"]> = Extract<SubscriberSpec, { protocol: Name }>;

/** Connects and subscribes one subscriber; from then on it reads into its tally. */
export async function openSubscriber(
  flow: Flow,
  ports: Ports,
  number: number,
  place: SubscriberPlace,
): Promise<Link> {
  const { to } = flow;
  const port = portOf(ports, to.webSocket === true ? "webSocket" : to.protocol);
  switch (to.protocol) {
    case "mqtt":
      return openMqttSubscriber(port, to, number, place);
    case "amqp":
      return openAmqpSubscriber(port, to, flow, number, place);
    case "stomp":
      return openStompSubscriber(port, to, place);
  }
}

async function openMqttSubscriber(
  port: number,
  to: Spec<"mqtt">,
  number: number,
  { topic, tally, bodyBytes, heard }: SubscriberPlace,
): Promise<Link> {
  const { qos, version = 4, durable = false, webSocket = false } = to;
  const link = await openMqtt(port, { clientId: `s${number}`, version, durable, webSocket });
  await subscribeMqtt(link, [topic], qos, version);
  link.read(new MqttReader(link, tally, bodyBytes, heard).read);
  return link;
}

async function openAmqpSubscriber(
  port: number,
  { prefetch, durable, webSocket = false }: Spec<"amqp">,
  flow: Flow,
  number: number,
  { topic, tally, heard }: SubscriberPlace,
): Promise<Link> {
  const link = await openAmqp(port, webSocket);
  const isQueue = flow.address === "queue";
  const queue = isQueue ? topic : `bench-private-${number}`;
  await declareQueue(link, queue, durable);
  if (!isQueue) await bindToTopic(link, queue, topic);
  await consumeAmqp(link, queue, prefetch);
  link.read(new AmqpReader(link, tally, prefetch > 0 ? "each" : "none", heard).read);
  return link;
}

async function openStompSubscriber(
  port: number,
  { prefetch, webSocket = false }: Spec<"stomp">,
  { topic, tally, bodyBytes, heard }: SubscriberPlace,
): Promise<Link> {
  const link = await openStomp(port, webSocket);
  await subscribeStomp(link, topic, prefetch);
  link.read(new StompReader(link, tally, bodyBytes, prefetch > 0, heard).read);
  return link;
}
