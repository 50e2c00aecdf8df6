import { describe, expect, it } from "vitest";
import type { Version } from "../codec/frame.ts";
import { bodies, commands, header, TestBroker, type TestClient } from "../testing/test-client.ts";

/** A subscriber in that mode, and three messages that it has received. */
async function threeReceived(version: Version, ack: string) {
  const broker = await TestBroker.open();
  const client = await broker.connect(version);
  await client.confirm("SUBSCRIBE", { id: "s", destination: "/queue/q", ack });
  const received = [];
  for (const body of ["1", "2", "3"])
    received.push(...(await client.ask("SEND", { destination: "/queue/q" }, body)));
  return { broker, client, received };
}

/** ACK or NACK in the words of that version. */
function settling(version: Version, message: Parameters<typeof header>[0]): Record<string, string> {
  if (version === "1.2") return { id: header(message, "ack") ?? "" };
  const ids = { "message-id": header(message, "message-id") ?? "" };
  return version === "1.1" ? { ...ids, subscription: "s" } : ids;
}

async function redeliveredTo(broker: TestBroker): Promise<string[]> {
  const next = await broker.connect();
  return bodies(await next.confirm("SUBSCRIBE", { id: "next", destination: "/queue/q" }));
}

describe.each<Version>(["1.0", "1.1", "1.2"])("acknowledgement in STOMP %s", (version) => {
  it("in mode client is cumulative: all before it are acknowledged too (ACK)", async () => {
    const { broker, client, received } = await threeReceived(version, "client");
    await client.confirm("ACK", settling(version, received[1]));
    client.cut();

    expect(await redeliveredTo(broker)).toEqual(["3"]);
  });

  it("in mode client-individual is of that message alone (ACK)", async () => {
    const { broker, client, received } = await threeReceived(version, "client-individual");
    await client.confirm("ACK", settling(version, received[1]));
    client.cut();

    expect(await redeliveredTo(broker)).toEqual(["1", "3"]);
  });

  it("in mode auto is not needed: what was sent is not sent again (SUBSCRIBE)", async () => {
    const { broker, client } = await threeReceived(version, "auto");
    client.cut();

    expect(await redeliveredTo(broker)).toEqual([]);
  });

  it("of what is not pending is an ERROR (ACK)", async () => {
    const { client, received } = await threeReceived(version, "client-individual");
    await client.confirm("ACK", settling(version, received[0]));

    const answer = await client.ask("ACK", { ...settling(version, received[0]), receipt: "r" });

    expect(commands(answer)).toEqual(["ERROR"]);
    expect(header(answer, "receipt-id")).toBe("r");
    expect(client.transport.state).toBe("ended");
  });

  it("without its required header is an ERROR (ACK)", async () => {
    const { client } = await threeReceived(version, "client");

    const answer = await client.ask("ACK", version === "1.2" ? { "message-id": "x" } : { id: "x" });

    expect(header(answer, "message")).toBe("Missing header");
  });
});

describe("STOMP 1.1 and 1.2, NACK", () => {
  it.each<Version>(["1.1", "1.2"])("in %s gives the message back, to be redelivered", async (version) => {
    const { client, received } = await threeReceived(version, "client-individual");

    const again = await client.confirm("NACK", settling(version, received[1]));

    expect(bodies(again)).toEqual(["2"]);
    expect(header(again, "redelivered")).toBe("true");
  });

  it("in mode client is of all messages before it too", async () => {
    const { client, received } = await threeReceived("1.2", "client");

    expect(bodies(await client.confirm("NACK", settling("1.2", received[1])))).toEqual(["1", "2"]);
  });

  it("with requeue:false sends it to the dead-letter exchange", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm("SUBSCRIBE", { id: "dead", destination: "/queue/dead" });
    const dead = { "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead" };
    await client.confirm("SUBSCRIBE", {
      id: "s",
      destination: "/queue/q",
      ack: "client-individual",
      ...dead,
    });
    const [message] = await client.ask("SEND", { destination: "/queue/q", foo: "bar" }, "1");

    const answer = await client.confirm("NACK", { ...settling("1.2", message), requeue: "False" });

    expect(answer.map((frame) => header(frame, "subscription"))).toEqual(["dead"]);
    expect(header(answer, "foo")).toBe("bar");
    expect(header(answer, "x-first-death-queue")).toBe("q");
    expect(JSON.parse(header(answer, "x-death") ?? "")).toMatchObject([
      { reason: "rejected", queue: "q", count: 1 },
    ]);
  });
});

describe("redelivery", () => {
  it("of what was not acknowledged when the connection broke is marked (redelivered)", async () => {
    const { broker, client, received } = await threeReceived("1.2", "client-individual");
    expect(received.map((frame) => header(frame, "redelivered"))).toEqual(["false", "false", "false"]);
    client.cut();
    const next = await broker.connect();

    const again = await next.confirm("SUBSCRIBE", { id: "n", destination: "/queue/q", ack: "client" });

    expect(again.map((frame) => [frame.body.toString(), header(frame, "redelivered")])).toEqual([
      ["1", "true"],
      ["2", "true"],
      ["3", "true"],
    ]);
    expect(again.map((frame) => header(frame, "message-id"))).toEqual(
      received.map((frame) => header(frame, "message-id")),
    );
  });

  it("happens after DISCONNECT and after an ERROR as well", async () => {
    for (const end of ["DISCONNECT", "NONSENSE"]) {
      const { broker, client } = await threeReceived("1.2", "client");
      await client.ask(end);
      expect(await redeliveredTo(broker)).toEqual(["1", "2", "3"]);
    }
  });

  it("of many messages, each acknowledged for itself, takes time in their number only", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm("SUBSCRIBE", { id: "s", destination: "/queue/q", ack: "client" });
    const count = 5_000;
    for (let index = 0; index < count; index++) client.send("SEND", { destination: "/queue/q" });
    for (const frame of await client.take()) client.send("ACK", { id: header(frame, "ack") ?? "" });

    expect(broker.vhost.queue("q").unsettledCount).toBe(0);
    expect(client.transport.state).toBe("open");
  });

  it("an acknowledgement after UNSUBSCRIBE still counts", async () => {
    const { broker, client, received } = await threeReceived("1.2", "client-individual");
    await client.confirm("UNSUBSCRIBE", { id: "s" });
    await client.confirm("ACK", settling("1.2", received[0]));
    await client.confirm("SUBSCRIBE", { id: "t", destination: "/queue/other" });
    await client.confirm("ACK", settling("1.2", received[2]));
    client.cut();

    expect(await redeliveredTo(broker)).toEqual(["2"]);
  });

  it("in STOMP 1.1 is found by its message-id alone", async () => {
    const { broker, client, received } = await threeReceived("1.1", "client-individual");
    await client.confirm("ACK", { "message-id": header(received[0], "message-id") ?? "" });
    await client.confirm("ACK", { ...settling("1.1", received[1]), subscription: "other" });
    client.cut();

    expect(await redeliveredTo(broker)).toEqual(["3"]);
  });
});

describe("prefetch", () => {
  it.each(["prefetch-count", "activemq.prefetchSize"])("%s bounds what is not acknowledged", async (name) => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm("SUBSCRIBE", { id: "s", destination: "/topic/t", ack: "client", [name]: 5 });
    const received = [];
    for (let index = 1; index <= 10; index++)
      received.push(...(await client.ask("SEND", { destination: "/topic/t" }, String(index))));
    expect(bodies(received)).toEqual(["1", "2", "3", "4", "5"]);

    const more = await client.confirm("ACK", { id: header(received[1], "ack") ?? "" });

    expect(bodies(more)).toEqual(["6", "7"]);
  });

  it("a client that does not read gets no more from its queues until it does", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    const sender = await broker.connect();
    await client.confirm("SUBSCRIBE", { id: "s", destination: "/queue/q" });
    client.transport.bufferedBytes = 300 * 1024;
    for (const body of ["1", "2", "3"]) await sender.confirm("SEND", { destination: "/queue/q" }, body);
    expect(bodies(await client.take())).toEqual(["1"]);

    client.transport.bufferedBytes = 0;
    client.connection.drained();

    expect(bodies(await client.take())).toEqual(["2", "3"]);
  });

  it("a live subscription of a client that does not read drops, and counts it", async () => {
    const broker = await TestBroker.open({ maxOutboxBytes: 1_000 });
    const client = await broker.connect();
    const sender = await broker.connect();
    await client.confirm("SUBSCRIBE", { id: "s", destination: "/topic/t" });
    client.transport.bufferedBytes = 1_001;
    await sender.confirm("SEND", { destination: "/topic/t" }, "1");
    client.transport.bufferedBytes = 0;
    await sender.confirm("SEND", { destination: "/topic/t" }, "2");

    expect(bodies(await client.take())).toEqual(["2"]);
    expect(broker.broker.drops.of("slow-subscriber")).toBe(1);
  });
});

async function inTransaction() {
  const broker = await TestBroker.open();
  const client = await broker.connect();
  const watcher = await broker.connect();
  await watcher.confirm("SUBSCRIBE", { id: "w", destination: "/topic/t" });
  await client.confirm("BEGIN", { transaction: "tx" });
  return { broker, client, watcher };
}

async function bodiesOf(client: TestClient): Promise<string[]> {
  return bodies(await client.take());
}

describe("STOMP 1.2, BEGIN, COMMIT and ABORT", () => {
  it("delivers what was sent in the transaction when it is committed, and nothing before", async () => {
    const { client, watcher } = await inTransaction();
    await client.ask("SEND", { destination: "/topic/t", transaction: "tx" }, "1");
    await client.ask("SEND", { destination: "/topic/t" }, "outside");
    await client.ask("SEND", { destination: "/topic/t", transaction: "tx" }, "2");
    expect(await bodiesOf(watcher)).toEqual(["outside"]);
    await client.confirm("COMMIT", { transaction: "tx" });

    expect(await bodiesOf(watcher)).toEqual(["1", "2"]);
  });

  it("forgets what was sent in it when it is aborted", async () => {
    const { client, watcher } = await inTransaction();
    await client.ask("SEND", { destination: "/topic/t", transaction: "tx" }, "1");
    await client.confirm("ABORT", { transaction: "tx" });

    expect(await bodiesOf(watcher)).toEqual([]);
  });

  it.each(["cut", "DISCONNECT"])("is aborted implicitly by %s", async (end) => {
    const { client, watcher } = await inTransaction();
    await client.ask("SEND", { destination: "/topic/t", transaction: "tx" }, "1");
    if (end === "cut") client.cut();
    else await client.ask(end, { receipt: "1" });

    expect(await bodiesOf(watcher)).toEqual([]);
  });

  it("holds ACK and NACK until the commit, and gives them back at the abort", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm("SUBSCRIBE", { id: "s", destination: "/queue/q", ack: "client-individual" });
    const acks = [];
    for (const body of ["1", "2"])
      acks.push(header(await client.ask("SEND", { destination: "/queue/q" }, body), "ack") ?? "");
    const [first = "", second = ""] = acks;
    const queue = broker.vhost.queue("q");
    await client.confirm("BEGIN", { transaction: "tx" });
    await client.ask("ACK", { id: first, transaction: "tx" });
    await client.ask("NACK", { id: second, transaction: "tx" });
    expect(queue.unsettledCount).toBe(2);
    await client.confirm("ABORT", { transaction: "tx" });
    expect(queue.unsettledCount).toBe(2);

    await client.confirm("BEGIN", { transaction: "tx" });
    await client.ask("ACK", { id: first, transaction: "tx" });
    await client.ask("NACK", { id: second, transaction: "tx" });
    const again = await client.confirm("COMMIT", { transaction: "tx" });

    expect(bodies(again)).toEqual(["2"]);
    expect(queue.unsettledCount).toBe(1);
  });

  it("gives back what a transaction held when the connection breaks, also of an ended subscription", async () => {
    const { broker, client, received: messages } = await threeReceived("1.2", "client");
    await client.confirm("BEGIN", { transaction: "tx" });
    await client.ask("ACK", { ...settling("1.2", messages[2]), transaction: "tx" });
    await client.confirm("UNSUBSCRIBE", { id: "s" });
    await client.confirm("SUBSCRIBE", { id: "other", destination: "/queue/other" });
    client.cut();

    expect(await redeliveredTo(broker)).toEqual(["1", "2", "3"]);
  });

  it("sends and acknowledges as one step: if an exchange is gone, nothing is done", async () => {
    const { broker, client, received: messages } = await threeReceived("1.2", "client");
    broker.vhost.topology.declareExchange("gone", {
      type: "fanout",
      durable: false,
      autoDelete: false,
      internal: false,
    });
    await client.confirm("BEGIN", { transaction: "tx" });
    await client.ask("ACK", { ...settling("1.2", messages[2]), transaction: "tx" });
    await client.ask("SEND", { destination: "/queue/result", transaction: "tx" }, "done");
    await client.ask("SEND", { destination: "/exchange/gone", transaction: "tx" }, "x");
    broker.vhost.topology.deleteExchange("gone", false);

    const answer = await client.ask("COMMIT", { transaction: "tx", receipt: "r" });

    expect(commands(answer)).toEqual(["ERROR"]);
    expect(broker.vhost.queue("result").messageCount).toBe(0);
    expect(await redeliveredTo(broker)).toEqual(["1", "2", "3"]);
  });

  it("answers receipts of the frames in it when it ends, before its own", async () => {
    const { client } = await inTransaction();
    const early = await client.ask("SEND", { destination: "/queue/q", transaction: "tx", receipt: "1" });
    await client.ask("SEND", { destination: "/queue/q", transaction: "tx", receipt: "2" });
    const late = await client.ask("COMMIT", { transaction: "tx", receipt: "3" });
    await client.ask("BEGIN", { transaction: "tx" });
    await client.ask("SEND", { destination: "/queue/q", transaction: "tx", receipt: "4" });
    const aborted = await client.ask("ABORT", { transaction: "tx", receipt: "5" });

    expect(early).toEqual([]);
    expect(late.map((frame) => header(frame, "receipt-id"))).toEqual(["1", "2", "3"]);
    expect(aborted.map((frame) => header(frame, "receipt-id"))).toEqual(["4", "5"]);
  });

  it.each([
    ["BEGIN", "begun already", { transaction: "tx" }, "Transaction in progress"],
    ["BEGIN", "no transaction header", {}, "Missing header"],
    ["COMMIT", "an unknown transaction", { transaction: "none" }, "Bad transaction"],
    ["COMMIT", "no transaction header", {}, "Missing header"],
    ["ABORT", "an unknown transaction", { transaction: "none" }, "Bad transaction"],
    ["ABORT", "no transaction header", {}, "Missing header"],
    ["ACK", "an unknown transaction", { id: "1-1", transaction: "none" }, "Bad transaction"],
  ])("%s with %s is an ERROR", async (command, _, headers, summary) => {
    const { client } = await inTransaction();

    expect(header(await client.ask(command, headers), "message")).toBe(summary);
    expect(client.transport.state).toBe("ended");
  });

  it("a committed or aborted name can be used again", async () => {
    const { client } = await inTransaction();
    await client.confirm("COMMIT", { transaction: "tx" });
    await client.confirm("BEGIN", { transaction: "tx" });
    await client.confirm("ABORT", { transaction: "tx" });
    await client.confirm("BEGIN", { transaction: "tx" });

    expect(client.transport.state).toBe("open");
  });

  it("holds no more than the operator allows", async () => {
    const broker = await TestBroker.open({ maxTransactionBytes: 1_000 });
    const client = await broker.connect();
    for (const name of ["a", "b"]) await client.confirm("BEGIN", { transaction: name });
    expect(await client.ask("SEND", { destination: "/queue/q", transaction: "a" }, "x".repeat(900))).toEqual(
      [],
    );

    const answer = await client.ask("SEND", { destination: "/queue/q", transaction: "b" }, "x".repeat(101));

    expect(header(answer, "message")).toBe("Transaction too large");
  });
});
