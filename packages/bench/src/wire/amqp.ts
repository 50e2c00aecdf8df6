import { Link } from "../load/link.ts";
import type { FrameTemplate } from "./wire.ts";
import { openWebSocket } from "./web-socket.ts";

/** AMQP 0-9-1 by hand: one connection with channel 1 open. */
export async function openAmqp(port: number, webSocket: boolean): Promise<Link> {
  const link = webSocket ? await openWebSocket(port, "/amqp", "amqp") : await Link.open(port);
  link.write(Buffer.from("AMQP\0\0\x09\x01", "latin1"));
  await answerTo(link, 10, 10);
  const startOk = [long(0), short("PLAIN"), longText("\0guest\0guest"), short("en_US")];
  link.write(method(0, 10, 11, startOk));
  await answerTo(link, 10, 30);
  link.write(method(0, 10, 31, [uint16(2047), long(FRAME_BYTES), uint16(0)]));
  link.write(method(0, 10, 40, [short("/"), short(""), Buffer.from([0])]));
  await answerTo(link, 10, 41);
  await callAmqp(link, [20, 10, 11], [short("")]);
  return link;
}

/** Largest frame that this client takes and sends. */
const FRAME_BYTES = 131_072;

/** Calls a method on channel 1 and waits for its answer. */
export async function callAmqp(
  link: Link,
  [classId, methodId, answerId]: readonly [number, number, number],
  fields: readonly Buffer[],
): Promise<void> {
  link.write(method(1, classId, methodId, fields));
  await answerTo(link, classId, answerId);
}

export async function declareQueue(link: Link, name: string, durable: boolean): Promise<void> {
  await callAmqp(link, [50, 10, 11], [uint16(0), short(name), Buffer.from([durable ? 2 : 0]), long(0)]);
}

export async function bindToTopic(link: Link, queue: string, routingKey: string): Promise<void> {
  const fields = [uint16(0), short(queue), short("amq.topic"), short(routingKey), Buffer.from([0]), long(0)];
  await callAmqp(link, [50, 20, 21], fields);
}

/** @param prefetch 0 for automatic acknowledgement */
export async function consumeAmqp(link: Link, queue: string, prefetch: number): Promise<void> {
  if (prefetch > 0) await callAmqp(link, [60, 10, 11], [long(0), uint16(prefetch), Buffer.from([0])]);
  const flags = Buffer.from([prefetch > 0 ? 0 : 2]);
  await callAmqp(link, [60, 20, 21], [uint16(0), short(queue), short("c"), flags, long(0)]);
}

export function publishFrames(
  exchange: string,
  routingKey: string,
  body: Buffer,
  persistent: boolean,
): FrameTemplate {
  const publish = method(1, 60, 40, [uint16(0), short(exchange), short(routingKey), Buffer.from([0])]);
  const size = [uint16(60), uint16(0), long(0), long(body.length)];
  const header = frame(2, 1, [...size, uint16(0x1000), Buffer.from([persistent ? 2 : 1])]);
  const bodies: Buffer[] = [];
  for (let start = 0; start < body.length; start += FRAME_BYTES - 8) {
    bodies.push(frame(3, 1, [body.subarray(start, start + FRAME_BYTES - 8)]));
  }
  const bytes = Buffer.concat([publish, header, ...bodies]);
  return { bytes, bodyAt: publish.length + header.length + 7, packetIdAt: -1 };
}

function method(channel: number, classId: number, methodId: number, fields: readonly Buffer[]): Buffer {
  return frame(1, channel, [uint16(classId), uint16(methodId), ...fields]);
}

function frame(type: number, channel: number, parts: readonly Buffer[]): Buffer {
  const payload = Buffer.concat(parts);
  return Buffer.concat([
    Buffer.from([type]),
    uint16(channel),
    long(payload.length),
    payload,
    Buffer.from([0xce]),
  ]);
}

async function answerTo(link: Link, classId: number, methodId: number): Promise<void> {
  const bytes = await link.answer((held, end) => {
    const length = end < 7 ? 0 : held.readUInt32BE(3) + 8;
    return length > end ? 0 : length;
  });
  const isAnswer = bytes[0] === 1 && bytes.readUInt16BE(7) === classId && bytes.readUInt16BE(9) === methodId;
  if (!isAnswer) throw new Error(`instead of method ${classId}.${methodId}: ${bytes.toString("latin1")}`);
}

export function uint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 255]);
}

function long(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function short(value: string): Buffer {
  return Buffer.concat([Buffer.from([value.length]), Buffer.from(value, "latin1")]);
}

function longText(value: string): Buffer {
  return Buffer.concat([long(value.length), Buffer.from(value, "latin1")]);
}
