import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { cutAt } from "../codec/frame.arbitraries.ts";
import type { Version } from "../codec/frame.ts";
import { Session } from "../connection/session.ts";
import { commands, TestBroker } from "../testing/test-client.ts";
import { topicPattern } from "../translation/topic-spelling.ts";

/** What a client sends: text, in which a number stands for a frame of its own length, receipt or delivery. */
type Make = (number: number, version: Version) => string;

const body = (number: number): string => "b".repeat(number % 13);

function ack(id: string, version: Version): string {
  return version === "1.2" ? `id:${id}` : `subscription:jobs\nmessage-id:x.${id}`;
}

const frames: Record<string, Make> = {
  sized: (n) => `SEND\ndestination:/topic/a\ncontent-length:${n % 13}\n\n${body(n)}\0`,
  unsized: (n) => `SEND\ndestination:/topic/a\n\n${body(n)}\0\n`,
  queued: (n) => `SEND\ndestination:/queue/jobs\nkind:x\\c\ncontent-length:${n % 13}\n\n${body(n)}\0`,
  kept: (n) => `SEND\npersistent:true\ndestination:/queue/jobs\nreceipt:r-${n}\n\n${body(n)}\0`,
  retained: (n) => `SEND\nretain:true\ndestination:/topic/b\n\n${body(n)}\0`,
  receipted: (n) => `SEND\nreceipt:r-${n}\ndestination:/topic/a\ncontent-length:${n % 13}\n\n${body(n)}\0`,
  escapedReceipt: (n) => `SEND\nreceipt:r\\c${n}\ndestination:/topic/a\n\n${body(n)}\0`,
  colonReceipt: (n) => `SEND\nreceipt:r:${n}\ndestination:/topic/a\n\n${body(n)}\0`,
  spacedReceipt: (n) => `SEND\nreceipt: r${n}\ndestination:/topic/a\n\n${body(n)}\0`,
  twoReceipts: (n) => `SEND\nreceipt:a-${n}\nreceipt:b-${n}\ndestination:/topic/a\n\n\0`,
  padded: (n) => `SEND\ndestination:/topic/a\ncontent-length: ${n % 13}\n\n${body(n)}\0`,
  carriageReturns: (n) => `SEND\r\ndestination:/topic/a\r\n\r\n${body(n)}\0\r\n`,
  identified: (n) => `SEND\ndestination:/topic/a\nid:${n}\n\n${body(n)}\0`,
  expiring: (n) => `SEND\ndestination:/queue/jobs\nexpiration:${1000 + (n % 3)}\n\n${body(n)}\0`,
  unroutable: (n) => `SEND\ndestination:/topic/nobody\nreceipt:u-${n}\n\n\0`,
  toFull: (n) => `SEND\ndestination:/queue/full\nreceipt:f-${n}\n\n${body(n)}\0`,
  inTransaction: (n) => `SEND\ndestination:/queue/jobs\ntransaction:t\n\n${body(n)}\0`,
  wrongLength: (n) => `SEND\ndestination:/topic/a\ncontent-length:${n % 40}\n\n${body(n)}\0`,
  ack: (n, v) => `ACK\n${ack(`1-${n % 40}`, v)}\n\n\0`,
  ackNext: (n, v) => `ACK\n${ack(`1-${n}`, v)}\n\n\0`,
  ackReceipted: (n, v) => `ACK\n${ack(`1-${n}`, v)}\nreceipt:k-${n}\n\n\0\n`,
  ackInTransaction: (n, v) => `ACK\n${ack(`1-${n}`, v)}\ntransaction:t\n\n\0`,
  nack: (n, v) => `NACK\n${ack(`1-${n}`, v)}\n\n\0`,
  commit: () => "COMMIT\ntransaction:t\n\n\0BEGIN\ntransaction:t\n\n\0",
  more: (n) => `SUBSCRIBE\nid:more-${n}\ndestination:/topic/a\n\n\0`,
  nothing: () => "\n\n",
};

interface Run {
  readonly kind: string;
  readonly count: number;
}

/** Frames that are alike come in runs. */
const stream: fc.Arbitrary<Run[]> = fc.array(
  fc.record({
    kind: fc.oneof(
      {
        weight: 60,
        arbitrary: fc.constantFrom("sized", "unsized", "queued", "kept", "receipted", "ackNext"),
      },
      {
        weight: 20,
        arbitrary: fc.constantFrom(...Object.keys(frames).filter((kind) => !/wrong|^ack$/.test(kind))),
      },
      { weight: 1, arbitrary: fc.constantFrom("wrongLength", "ack", "toFull") },
    ),
    count: fc.integer({ min: 1, max: 5 }),
  }),
  { maxLength: 12 },
);

/** As many frames as were asked for, but no ACK of what cannot have been delivered. */
function bytesOf(runs: readonly Run[], version: Version): Buffer {
  let number = 0;
  let queued = 0;
  let acknowledged = 0;
  let text = "";
  for (const { kind, count } of runs) {
    for (let i = 0; i < count; i++) {
      const isNext = /^(?:ack[NRI]|nack)/.test(kind);
      if (isNext && acknowledged === queued) break;
      text += frames[kind]?.(isNext ? ++acknowledged : ++number, version) ?? "";
      // What is given back is delivered once more.
      if (["queued", "kept", "expiring", "nack"].includes(kind)) queued++;
    }
  }
  return Buffer.from(text);
}

/** Message identifiers by the order in which they came. */
function withoutIdentity(bytes: Buffer, names: Map<string, string>): string {
  return bytes.toString("latin1").replaceAll(/[\da-f]{32}/g, (id) => {
    const name = names.get(id) ?? `message ${names.size}`;
    names.set(id, name);
    return name;
  });
}

async function quiet(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await Promise.resolve();
}

/** What everybody gets when a stream comes in these pieces, and what is left then. */
async function received(
  version: Version,
  mode: { readonly ack: string; readonly "prefetch-count": number },
  pieces: readonly Uint8Array[],
): Promise<unknown> {
  const server = await TestBroker.open();
  const client = await server.connect(version);
  const other = await server.connect("1.2");
  await client.confirm("SUBSCRIBE", { id: "jobs", destination: "/queue/jobs", ...mode });
  await client.confirm("SUBSCRIBE", { id: "a", destination: "/topic/a" });
  await other.confirm("SUBSCRIBE", { id: "all", destination: "/topic/#" });
  const full = { destination: "/queue/full", "x-max-length": 2, "x-overflow": "reject-publish" };
  await other.confirm("SEND", full);
  await client.confirm("BEGIN", { transaction: "t" });
  for (const piece of pieces) client.write(piece);
  await quiet();
  const names = new Map<string, string>();
  const { queues } = server.vhost.topology;
  return {
    heard: [client, other].map(({ transport }) => withoutIdentity(transport.take(), names)),
    end: client.transport.state,
    drops: server.broker.drops.all(),
    left: [...queues.values()].map(({ messageCount, unsettledCount }) => [messageCount, unsettledCount]),
    retained: server.vhost.retained
      .match(topicPattern("b"))
      .map(({ body: bytes }) => Buffer.from(bytes).toString()),
  };
}

/** A frame that comes byte by byte is never whole in a chunk, so it always goes the plain way. */
function inBytes(bytes: Buffer): Uint8Array[] {
  return [...bytes].map((byte) => Uint8Array.of(byte));
}

describe("frames that are taken by their bytes", () => {
  afterEach(() => vi.restoreAllMocks());

  it.each<Version>(["1.0", "1.1", "1.2"])(
    "cannot be told from others in STOMP %s",
    async (version) => {
      await fc.assert(
        fc.asyncProperty(
          stream,
          fc.array(fc.nat(), { maxLength: 4 }),
          fc.record({
            ack: fc.constantFrom("client", "client-individual"),
            "prefetch-count": fc.constantFrom(1, 2, 1000),
          }),
          async (runs, cuts, mode) => {
            const bytes = bytesOf(runs, version);
            const plain = await received(version, mode, inBytes(bytes));
            expect(await received(version, mode, cutAt(bytes, cuts))).toEqual(plain);
          },
        ),
        { numRuns: 60 },
      );
    },
    30_000,
  );

  it("let deliveries through in the same order as others where a run of ACKs ends in a SEND or a RECEIPT", async () => {
    const kinds = ["ackNext", "ackReceipted", "sized", "ackNext", "sized", "ackReceipted", "ackNext"];
    const runs = [{ kind: "queued", count: 30 }, ...kinds.map((kind) => ({ kind, count: 3 }))];
    const bytes = bytesOf(runs, "1.2");
    const mode = { ack: "client-individual", "prefetch-count": 2 };
    const plain = await received("1.2", mode, inBytes(bytes));

    expect(await received("1.2", mode, [bytes])).toEqual(plain);
  });

  it("are those from the third on whose head is the same but for length, receipt and identifier", async () => {
    const server = await TestBroker.open();
    const client = await server.connect();
    await client.confirm("SUBSCRIBE", { id: "jobs", destination: "/queue/jobs", ack: "client-individual" });
    const send = vi.spyOn(Session.prototype, "send");
    const settle = vi.spyOn(Session.prototype, "ack");
    for (const kind of ["queued", "kept", "ackNext", "ackReceipted"]) {
      const numbers = kind.startsWith("ackR") ? [11, 12, 13, 14] : [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
      client.write(numbers.map((number) => frames[kind]?.(number, "1.2")).join(""));
    }
    const answers = await client.take();

    expect([send.mock.calls.length, settle.mock.calls.length]).toEqual([4, 4]);
    expect(commands(answers).filter((command) => command === "MESSAGE")).toHaveLength(20);
    expect(commands(answers).filter((command) => command === "RECEIPT")).toHaveLength(14);
    expect(server.vhost.queue("jobs").unsettledCount).toBe(6);
  });

  it("are not those whose queue has gone since then: it is made anew", async () => {
    const server = await TestBroker.open();
    const client = await server.connect();
    client.write(frames.queued?.(5, "1.2").repeat(4) ?? "");
    await quiet();
    server.vhost.removeQueue(server.vhost.queue("jobs"));
    client.write(frames.queued?.(5, "1.2") ?? "");
    await quiet();

    expect(server.vhost.queue("jobs").messageCount).toBe(1);
  });

  it("never exceed what a body may have, whatever the head was learned with", async () => {
    const server = await TestBroker.open({}, { maxMessageBytes: 10 });
    const client = await server.connect();
    client.write(frames.sized?.(5, "1.2").repeat(4) ?? "");
    client.write(frames.sized?.(12, "1.2") ?? "");

    expect(commands(await client.take())).toEqual(["ERROR"]);
  });
});
