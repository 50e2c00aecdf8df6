import { type Case, flow } from "./case.ts";

const webSocket = true;
const topic = { bodyBytes: 64, window: 2000 } as const;

/** The same protocols in WebSocket frames, one message in each frame that comes in. */
export const webSocketCases: readonly Case[] = [
  {
    name: "ws-mqtt-in",
    question: "MQTT QoS 0, 64 B, published by WebSocket",
    flow: flow({ protocol: "mqtt", qos: 0, webSocket }, { protocol: "mqtt", qos: 0 }, topic),
  },
  {
    name: "ws-mqtt-out",
    question: "MQTT QoS 0, 64 B, received by WebSocket",
    flow: flow({ protocol: "mqtt", qos: 0 }, { protocol: "mqtt", qos: 0, webSocket }, topic),
  },
  {
    name: "ws-stomp",
    question: "STOMP topic, 64 B, WebSocket both ways",
    flow: flow({ protocol: "stomp", webSocket }, { protocol: "stomp", prefetch: 0, webSocket }, topic),
  },
  {
    name: "ws-amqp",
    question: "AMQP automatic acknowledgement, 64 B, WebSocket both ways",
    flow: flow(
      { protocol: "amqp", confirm: false, persistent: false, webSocket },
      { protocol: "amqp", prefetch: 0, durable: false, webSocket },
      { ...topic, address: "queue" },
    ),
  },
];
