import { amqplib, amqpTools, cloudAmqp, pika } from "./amqp-parcels.ts";
import { mosquitto, mqttJs, paho } from "./mqtt-parcels.ts";
import type { Everyone } from "./parcel.ts";
import { stompit, stompJs, stompPy } from "./stomp-parcels.ts";

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
