import { createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { Link, type Reader } from "../load/link.ts";
import { Publisher } from "../load/publisher.ts";
import { Tally, Traffic } from "../load/tally.ts";
import { publishFrames } from "./amqp.ts";
import { AmqpReader } from "./amqp-reader.ts";
import { publishFrame } from "./mqtt.ts";
import { MqttReader } from "./mqtt-reader.ts";
import { sendFrame } from "./stomp.ts";
import { StompReader } from "./stomp-reader.ts";
import type { FrameTemplate } from "./wire.ts";

const bodyBytes = 32;
let server: Server;

afterEach(() => server.close());

/** A server that sends everything back: what is published arrives as if it had been delivered. */
async function echo(): Promise<Link> {
  server = createServer((socket: Socket) => {
    socket.on("data", (chunk) => socket.write(chunk));
    socket.on("error", () => {});
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return Link.open(address.port);
}

async function roundTrip(
  link: Link,
  encode: (topic: string, body: Buffer) => FrameTemplate,
  readerOf: (tally: Tally, heard: () => void) => Reader,
): Promise<{ delivered: number; lost: number; duplicated: number; outOfOrder: number }> {
  const traffic = new Traffic(1, 1);
  const tally = new Tally(traffic);
  const window = 100;
  const options = { number: 0, topics: ["t"], bodyBytes, window, batch: 10, receivers: 1 };
  const publisher = new Publisher({ link, encode, confirmed: undefined }, traffic, options);
  await new Promise<void>((resolve) => {
    link.read(
      readerOf(tally, () => {
        publisher.isStopped = traffic.delivered >= 1000;
        publisher.pump();
        if (publisher.isStopped && publisher.outstanding === 0) resolve();
      }),
    );
    publisher.pump();
  });
  link.close();
  const { duplicated, outOfOrder } = tally;
  return { delivered: traffic.delivered, lost: tally.lost([0]), duplicated, outOfOrder };
}

describe("what was sent is counted once each", () => {
  const clean = { lost: 0, duplicated: 0, outOfOrder: 0 };

  it("in MQTT", async () => {
    const link = await echo();
    const result = await roundTrip(
      link,
      (topic, body) => publishFrame(topic, body, 0, 4),
      (tally, heard) => new MqttReader(link, tally, bodyBytes, heard).read,
    );

    expect(result).toMatchObject(clean);
    expect(result.delivered).toBeGreaterThanOrEqual(1000);
  });

  it("in STOMP, whose SEND is taken for MESSAGE", async () => {
    const link = await echo();
    const result = await roundTrip(
      link,
      (topic, body) => {
        const { bytes, bodyAt } = sendFrame(topic, body);
        const message = Buffer.concat([Buffer.from("MESSAGE"), bytes.subarray("SEND".length)]);
        return { bytes: message, bodyAt: bodyAt + 3, packetIdAt: -1 };
      },
      (tally, heard) => new StompReader(link, tally, bodyBytes, false, heard).read,
    );

    expect(result).toMatchObject(clean);
  });

  it("in AMQP, whose basic.publish is taken for basic.deliver", async () => {
    const link = await echo();
    const result = await roundTrip(
      link,
      (topic, body) => {
        const template = publishFrames("", topic, body, false);
        template.bytes[10] = 60;
        return template;
      },
      (tally, heard) => new AmqpReader(link, tally, "none", heard).read,
    );

    expect(result).toMatchObject(clean);
  });
});
