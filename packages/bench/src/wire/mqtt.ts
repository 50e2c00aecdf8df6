import { Link, type Reader } from "../load/link.ts";
import type { FrameTemplate } from "./wire.ts";
import { openWebSocket } from "./web-socket.ts";

/** MQTT protocol level: 4 is 3.1.1. */
export type MqttVersion = 4 | 5;

export interface MqttSession {
  readonly clientId: string;
  readonly version: MqttVersion;
  /** The session outlives the connection. */
  readonly durable: boolean;
  readonly webSocket: boolean;
}

/** Connects and waits for CONNACK. */
export async function openMqtt(port: number, session: MqttSession): Promise<Link> {
  const link = session.webSocket ? await openWebSocket(port, "/mqtt", "mqtt") : await Link.open(port);
  link.write(connectPacket(session));
  const connack = await link.answer(wholePacket);
  if (connack[0] !== 0x20 || connack[3] !== 0) throw new Error(`refused: ${connack.toString("hex")}`);
  return link;
}

/** Subscribes and waits for SUBACK; up to 1,000 filters for each packet. */
export async function subscribeMqtt(
  link: Link,
  filters: readonly string[],
  qos: number,
  version: MqttVersion,
): Promise<void> {
  for (let start = 0; start < filters.length; start += 1000) {
    const part = filters.slice(start, start + 1000).map((filter) => [text(filter), Buffer.from([qos])]);
    const id = Buffer.from([0, 1]);
    link.write(packet(0x82, [id, version === 5 ? Buffer.from([0]) : Buffer.alloc(0), ...part.flat()]));
    const suback = await link.answer(wholePacket);
    if (suback[0] !== 0x90 || (suback.at(-1) ?? 0x80) > 2) throw new Error("a subscription was refused");
  }
}

export function publishFrame(topic: string, body: Buffer, qos: number, version: MqttVersion): FrameTemplate {
  const id = Buffer.alloc(qos > 0 ? 2 : 0);
  const properties = Buffer.alloc(version === 5 ? 1 : 0);
  const bytes = packet(0x30 | (qos << 1), [text(topic), id, properties, body]);
  const bodyAt = bytes.length - body.length;
  return { bytes, bodyAt, packetIdAt: qos > 0 ? bodyAt - properties.length - 2 : -1 };
}

function connectPacket({ clientId, version, durable }: MqttSession): Buffer {
  const flags = durable ? 0 : 2;
  const week = Buffer.from([5, 0x11, 0, 9, 0x3a, 0x80]);
  const properties = version === 4 ? Buffer.alloc(0) : durable ? week : Buffer.from([0]);
  return packet(0x10, [text("MQTT"), Buffer.from([version, flags, 0, 0]), properties, text(clientId)]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
}

function packet(first: number, parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length: number[] = [];
  for (let left = body.length; length.length === 0 || left > 0; left >>= 7)
    length.push((left & 127) | (left > 127 ? 128 : 0));
  return Buffer.concat([Buffer.from([first, ...length]), body]);
}

/** A whole packet at the front, however it begins. */
const wholePacket: Reader = (bytes, end) => {
  let length = 0;
  for (let i = 1; i < Math.min(end, 5); i++) {
    const byte = bytes[i] ?? 0;
    length += (byte & 127) << (7 * (i - 1));
    if (byte < 128) return i + 1 + length <= end ? i + 1 + length : 0;
  }
  return 0;
};
