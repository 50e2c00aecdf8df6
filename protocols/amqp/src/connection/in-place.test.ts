import { ByteWriter } from "@dragoman/core";
import { openTestBroker } from "@dragoman/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { writeContent } from "../codec/content.ts";
import { writeMethod } from "../codec/method.ts";
import type { ClientMethod } from "../codec/methods/methods.generated.ts";
import { type BasicProperties, encodeProperties } from "../codec/properties.ts";
import { consume, queueBind, queueDeclare, type Received, TestClient } from "../testing/test-client.ts";

/** Frames that belong together. */
type Command = readonly Buffer[];

const channel = fc.constantFrom(1, 2);

const addresses = [
  ["", "held"],
  ["", "held"],
  ["", "taken"],
  ["", "kept"],
  ["", "missing"],
  ["amq.topic", "a.b"],
  ["nowhere", "held"],
] as const;

const properties: readonly BasicProperties[] = [
  {},
  {},
  { deliveryMode: 2, priority: 3 },
  { messageId: "1" },
  { messageId: "2" },
  { expiration: "60000" },
  { headers: [["CC", { type: "array", value: [{ type: "text", value: "kept" }] }]] },
  { userId: "somebody else" },
];

const publish = fc
  .tuple(
    channel,
    fc.constantFrom(...addresses),
    fc.constantFrom(...properties),
    fc.constantFrom(0, 1, 30, 30, 5000),
    fc.boolean(),
  )
  .map(([number, [exchange, routingKey], wanted, size, mandatory]): Command => {
    const method = { name: "basic.publish", exchange, routingKey, mandatory, immediate: false } as const;
    return content(number, method, encodeProperties(wanted), Buffer.alloc(size, size), 4096);
  });

const settlement = fc
  .tuple(channel, fc.integer({ min: 0, max: 12 }), fc.boolean(), fc.constantFrom("ack", "requeue", "refuse"))
  .map(([number, deliveryTag, multiple, kind]): Command => {
    if (kind === "ack") return [frame(number, { name: "basic.ack", deliveryTag, multiple })];
    return [frame(number, { name: "basic.nack", deliveryTag, multiple, requeue: kind === "requeue" })];
  });

const other = fc
  .tuple(
    channel,
    fc.constantFrom<ClientMethod[]>(
      { name: "basic.get", queue: "kept", noAck: true },
      { name: "basic.recover", requeue: true },
      queueDeclare("durable", { durable: true }),
      { name: "channel.open" },
    ),
  )
  .map(([number, method]): Command => [frame(number, method)]);

/** Content with a fault in it. */
const faulty = fc.tuple(publish, fc.nat(60), fc.nat(255)).map(([frames, at, value]): Command => {
  const bytes = Buffer.concat(frames);
  bytes[at % bytes.length] = value;
  return [bytes];
});

const command = fc.oneof(
  { weight: 20, arbitrary: publish },
  { weight: 12, arbitrary: settlement },
  { weight: 2, arbitrary: other },
  { weight: 1, arbitrary: faulty },
);

function frame(number: number, method: ClientMethod): Buffer {
  const writer = new ByteWriter();
  writeMethod(writer, number, method);
  return Buffer.from(writer.finish());
}

function content(
  number: number,
  method: ClientMethod,
  list: Uint8Array,
  body: Uint8Array,
  frameMax: number,
): Command {
  const writer = new ByteWriter();
  writeContent(writer, number, list, body, frameMax);
  return [frame(number, method), Buffer.from(writer.finish())];
}

/** The stream in pieces of these sizes, over and over. */
function cut(commands: readonly Command[], sizes: readonly number[]): Buffer[] {
  return withoutRuns(commands).flatMap((stream) => {
    const pieces: Buffer[] = [];
    for (let at = 0, i = 0; at < stream.length; i++) {
      const size = sizes[i % sizes.length] ?? stream.length;
      pieces.push(stream.subarray(at, at + size));
      at += size;
    }
    return pieces;
  });
}

/**
 * No two acknowledgements in one piece: those that come together let deliveries through together, where one by one
 * the second could refer to a delivery that the first let through.
 */
function withoutRuns(commands: readonly Command[]): Buffer[] {
  const parts: Buffer[][] = [[]];
  let wasSettlement = false;
  for (const frames of commands) {
    const isSettlement = frames.length === 1 && [80, 120].includes(frames[0]?.[10] ?? 0);
    if (isSettlement && wasSettlement) parts.push([]);
    parts.at(-1)?.push(...frames);
    wasSettlement = isSettlement;
  }
  return parts.map((part) => Buffer.concat(part));
}

/** No frame with a method in one piece: all must go the plain way. */
function broken(commands: readonly Command[]): Buffer[] {
  return commands.flatMap((frames) => {
    const bytes = Buffer.concat(frames);
    return [bytes.subarray(0, 3), bytes.subarray(3)];
  });
}

/** Sends the pieces and tells what became of it. */
async function outcome(pieces: readonly Buffer[]): Promise<unknown> {
  const { broker } = await openTestBroker();
  const client = await TestClient.open(broker);
  client.send(2, { name: "channel.open" });
  client.send(2, { name: "confirm.select", nowait: false });
  for (const name of ["held", "taken", "kept"]) client.send(1, queueDeclare(name));
  client.send(1, queueBind("taken", "amq.topic", "#"));
  client.send(1, { name: "basic.qos", prefetchSize: 0, prefetchCount: 3, global: false });
  client.send(1, consume("held"));
  client.send(2, consume("taken", { noAck: true }));
  await client.take();

  for (const piece of pieces) {
    client.bytes(piece);
    await client.settle();
  }
  const received = byKind(await client.take());
  const { queues } = broker.virtualHost("/").topology;
  const left = [...queues.values()].map(({ name, messageCount, unsettledCount, byteCount }) => {
    return { name, messageCount, unsettledCount, byteCount };
  });
  return { received, left, unroutable: broker.drops.of("unroutable") };
}

/** What is written in one turn may stand in another order when it is of another kind; confirms may be joined. */
function byKind(received: readonly Received[]): Record<string, unknown[]> {
  const kinds: Record<string, unknown[]> = {};
  const confirmed = new Map<number, number>();
  for (const { channel: number, method, properties: list, body } of received) {
    const kind = (kinds[`${number} ${method.name}`] ??= []);
    if (method.name === "basic.ack" && "deliveryTag" in method) {
      const last = Number(method.deliveryTag);
      for (let tag = (confirmed.get(number) ?? 0) + 1; tag <= last; tag++) kind.push(tag);
      confirmed.set(number, last);
    } else {
      kind.push({ method, properties: list?.bytes.toString("hex"), body });
    }
  }
  return kinds;
}

describe("ordinary frames, taken where they lie", () => {
  it("mean what they mean when every frame is broken and goes the plain way", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(command, { maxLength: 30 }),
        fc.array(fc.integer({ min: 1, max: 2000 }), { maxLength: 5 }),
        async (commands, sizes) => {
          const inPlace = await outcome(cut(commands, sizes));
          const plain = await outcome(broken(commands));

          expect(inPlace).toEqual(plain);
        },
      ),
      { numRuns: 150 },
    );
  });
});
