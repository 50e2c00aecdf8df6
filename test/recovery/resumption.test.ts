import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { IPublishPacket } from "mqtt-packet";
import { afterAll, beforeAll, expect, it } from "vitest";
import { RawMqtt } from "../clients/raw-mqtt.ts";
import { BrokerProcess, build } from "./broker-process.ts";

const directory = mkdtempSync(join(tmpdir(), "dragoman-resumption-"));

beforeAll(() => build(), 60_000);
afterAll(() => rmSync(directory, { recursive: true }));

/** A client that keeps its session and acknowledges nothing by itself. */
function resume(broker: BrokerProcess, version: 4 | 5): Promise<RawMqtt> {
  const properties = version === 5 ? { properties: { sessionExpiryInterval: 3_600 } } : {};
  return RawMqtt.connect(broker.url("mqtt"), version, {
    clientId: `kept-${version}`,
    clean: false,
    ...properties,
  });
}

async function messagesOf(client: RawMqtt, count: number): Promise<readonly IPublishPacket[]> {
  const messages: IPublishPacket[] = [];
  while (messages.length < count) {
    const packet = await client.packets.next(({ cmd }) => cmd === "publish");
    if (packet.cmd === "publish") messages.push(packet);
  }
  return messages;
}

it.each([4, 5] as const)(
  "a client of level %i gets what it had not acknowledged again, under its identifiers, in order, with DUP, when the broker was killed [MQTT-4.4.0-1]",
  async (version) => {
    let broker = await BrokerProcess.start(directory, 0);
    const first = await resume(broker, version);
    const topic = `t${version}`;
    first.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic, qos: 2 }] });
    await first.packets.next(({ cmd }) => cmd === "suback");
    const publisher = await RawMqtt.connect(broker.url("mqtt"), version);
    const payloads = ["1", "2", "3", "4", "5", "6"];
    for (const [index, payload] of payloads.entries()) {
      const qos = index === 3 ? 2 : 1;
      publisher.send({
        cmd: "publish",
        topic,
        payload,
        qos,
        messageId: index + 1,
        dup: false,
        retain: false,
      });
      await publisher.packets.next(({ cmd }) => cmd === (qos === 1 ? "puback" : "pubrec"));
    }
    const before = await messagesOf(first, payloads.length);
    first.send({ cmd: "puback", messageId: before[1]?.messageId ?? 0 });
    first.send({ cmd: "pingreq" });
    await first.packets.next(({ cmd }) => cmd === "pingresp");
    // The PUBACK is on stable storage when something that came later is.
    publisher.send({
      cmd: "publish",
      topic: "other",
      payload: "",
      qos: 1,
      messageId: 9,
      dup: false,
      retain: true,
    });
    await publisher.packets.next(({ cmd }) => cmd === "puback");
    await broker.kill();

    broker = await BrokerProcess.start(directory, broker.port);
    const again = await messagesOf(await resume(broker, version), payloads.length - 1);
    await broker.kill();

    const unacknowledged = before.filter((_, index) => index !== 1);
    expect(again.map(({ messageId, dup, qos, payload }) => [messageId, dup, qos, String(payload)])).toEqual(
      unacknowledged.map(({ messageId, qos, payload }) => [messageId, true, qos, String(payload)]),
    );
  },
  60_000,
);
