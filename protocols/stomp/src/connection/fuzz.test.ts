import { describe, expect, it } from "vitest";
import { inMegabytes, maxGrowthBytes, memoryInUse } from "../testing/memory.ts";
import { TestBroker } from "../testing/test-client.ts";

/** How many mutated dialogues to try. */
const dialogues = Number(process.env["DRAGOMAN_FUZZ_DIALOGUES"] ?? 2_000);

const login = "CONNECT\naccept-version:1.2\nhost:/\n\n\0";

const frames = [
  "SUBSCRIBE\nid:1\ndestination:/queue/q\nack:client\nprefetch-count:2\nselector:a = 'b'\n\n\0",
  "SUBSCRIBE\nid:2\ndestination:/topic/a.*\nno-local:true\nexclusive:true\n\n\0",
  "SUBSCRIBE\nid:3\ndestination:/topic/a/#\ndurable:true\nauto-delete:false\nx-max-length:5\n\n\0",
  "SUBSCRIBE\nid:4\ndestination:/exchange/amq.fanout/k\nack:client-individual\n\n\0",
  "SEND\ndestination:/queue/q\na:b\nreceipt:r\npersistent:true\nexpiration:5\npriority:3\ncontent-length:3\n\na\0b\0",
  "SEND\ndestination:/topic/a.b\nreply-to:/temp-queue/x\nretain:true\nx-delay:1\n\nhello\0",
  "SEND\ndestination:/temp-queue/x\ntimestamp:1\n\nhello\0",
  "BEGIN\ntransaction:t\n\n\0",
  "SEND\ndestination:/queue/q\ntransaction:t\n\nx\0",
  "ACK\nid:1-1\ntransaction:t\n\n\0",
  "NACK\nid:1-2\nrequeue:false\n\n\0",
  "COMMIT\ntransaction:t\nreceipt:c\n\n\0",
  "ABORT\ntransaction:t\n\n\0",
  "UNSUBSCRIBE\nid:2\n\n\0",
  "DISCONNECT\nreceipt:bye\n\n\0",
];

/** xorshift32: the same mutations on every run. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const alphabet = Buffer.from("\n\r\0:\\cnrt/.%#*0129-\xff\xc3", "latin1");

function mutated(text: string, random: (below: number) => number): Buffer {
  const bytes = [...Buffer.from(text)];
  for (let changes = random(3); changes > 0; changes--) {
    const at = random(bytes.length + 1);
    const byte = alphabet[random(alphabet.length)] ?? 0;
    bytes.splice(at, random(2), ...(random(3) === 0 ? [] : [byte]));
  }
  return Buffer.from(bytes);
}

describe("mutated dialogues", () => {
  it(`end in answers or ERROR, never in an exception, and leave nothing behind (${dialogues} of them)`, async ({
    annotate,
  }) => {
    const random = randomFrom(0xd1a1);
    const broker = await TestBroker.open();
    const before = memoryInUse(process);
    for (let round = 0; round < dialogues; round++) {
      const client = broker.dial();
      client.write(login);
      await Promise.resolve();
      for (let count = 1 + random(6); count > 0; count--) {
        client.write(mutated(frames[random(frames.length)] ?? "", random));
        if (random(3) === 0) await client.take().catch(() => undefined);
      }
      client.cut();
      if (round % 100 === 0) {
        for (const queue of broker.vhost.topology.queues.values()) broker.vhost.removeQueue(queue);
        broker.clock.advance(1_000);
      }
    }
    await new Promise((resolve) => void setImmediate(resolve));

    expect(broker.broker.clients.size).toBe(0);
    const left = [...broker.vhost.topology.queues.keys()].filter((name) =>
      /^stomp-(?:temp|subscription)-/.test(name),
    );
    expect(left).toEqual([]);

    for (const queue of broker.vhost.topology.queues.values()) broker.vhost.removeQueue(queue);
    const after = memoryInUse(process);
    await annotate(
      `${dialogues} dialogues: memory ${inMegabytes(before)} before, ${inMegabytes(after)} after`,
    );

    expect(after - before).toBeLessThan(maxGrowthBytes);
  }, 600_000);
});
