import { describe, expect, it, vi } from "vitest";
import { bodies, commands, header, TestBroker } from "../testing/test-client.ts";

describe("STOMP 1.2, SEND", () => {
  it("remembers what a destination leads to, but no destination of thousands of characters", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    const find = vi.spyOn(broker.vhost.topics, "fromPath");
    const long = "b".repeat(2_000);
    for (const name of ["a", "a", long, long]) client.send("SEND", { destination: `/topic/${name}` });

    expect(find.mock.calls).toEqual([["a"], [long], [long]]);
  });

  it("sends a message to the destination that the header names", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm("SUBSCRIBE", { id: "0", destination: "/queue/a" });

    const [message] = await client.ask(
      "SEND",
      { destination: "/queue/a", "content-type": "text/plain" },
      "hello queue a",
    );

    expect(message?.command).toBe("MESSAGE");
    expect(header(message, "destination")).toBe("/queue/a");
    expect(header(message, "content-type")).toBe("text/plain");
    expect(header(message, "content-length")).toBe("13");
    expect(message?.body.toString()).toBe("hello queue a");
  });

  it("passes user defined headers through in MESSAGE, all of repeated ones, in order", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm("SUBSCRIBE", { id: "0", destination: "/topic/t" });

    const [message] = await client.ask("SEND", [
      ["destination", "/topic/t"],
      ["foo", "World"],
      ["a:b", "x\r\ny\\z"],
      ["foo", "Hello"],
      ["ключ", "значение"],
      ["empty", ""],
      [" spaces ", " kept "],
    ]);

    const own = message?.headers.filter(
      ([name]) =>
        !["subscription", "message-id", "redelivered", "destination", "content-length"].includes(name),
    );
    expect(own).toEqual([
      ["foo", "World"],
      ["a:b", "x\r\ny\\z"],
      ["foo", "Hello"],
      ["ключ", "значение"],
      ["empty", ""],
      [" spaces ", " kept "],
    ]);
  });

  it("keeps what belongs to the hop out of MESSAGE", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm("SUBSCRIBE", { id: "0", destination: "/topic/t" });

    const [message] = await client.confirm("SEND", {
      destination: "/topic/t",
      id: "spoof",
      subscription: "spoof",
      ack: "spoof",
      redelivered: "true",
      retained: "true",
      selector: "x = 1",
    });

    expect(message?.headers.map(([name]) => name)).toEqual([
      "subscription",
      "message-id",
      "redelivered",
      "destination",
      "content-length",
    ]);
    expect(header(message, "subscription")).toBe("0");
    expect(header(message, "redelivered")).toBe("false");
  });

  it("carries any body, NUL octets included (Header content-length)", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm("SUBSCRIBE", { id: "0", destination: "/queue/bin" });
    const body = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 256));

    const [message] = await client.ask("SEND", { destination: "/queue/bin" }, body);

    expect(message?.body.equals(body)).toBe(true);
  });

  it("has no content-type when the sender gave none (Header content-type)", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm("SUBSCRIBE", { id: "0", destination: "/queue/a" });

    expect(
      header(await client.ask("SEND", { destination: "/queue/a" }, "x"), "content-type"),
    ).toBeUndefined();
  });

  it.each([
    ["without a destination", {}, "Missing destination"],
    ["to an unknown destination", { destination: "/something/interesting" }, "Unknown destination"],
    ["to an empty queue", { destination: "/queue/" }, "Invalid destination"],
    ["to /queue alone", { destination: "/queue" }, "Invalid destination"],
    ["to a bare name", { destination: "foo" }, "Unknown destination"],
    ["to the exchange without a name", { destination: "/exchange//foo" }, "Invalid destination"],
    ["to an exchange that does not exist", { destination: "/exchange/nope/k" }, "not_found"],
    ["with a message-id", { destination: "a", "message-id": "1" }, "Invalid header"],
    ["with a priority that is no number", { destination: "/queue/a", priority: "high" }, "Invalid header"],
    [
      "with persistent that is neither true nor false",
      { destination: "/queue/a", persistent: "maybe" },
      "Invalid header",
    ],
    ["with an expiration that is no number", { destination: "/queue/a", expiration: "-1" }, "Invalid header"],
    [
      "in a transaction that does not exist",
      { destination: "/queue/a", transaction: "tx" },
      "Bad transaction",
    ],
  ])("%s is answered with ERROR, its receipt and a close", async (_, headers, summary) => {
    const broker = await TestBroker.open();
    const client = await broker.connect();

    const answer = await client.ask("SEND", { ...headers, receipt: "r-1" }, "x");

    expect(commands(answer)).toEqual(["ERROR"]);
    expect(header(answer, "message")).toBe(summary);
    expect(header(answer, "receipt-id")).toBe("r-1");
    expect(header(answer, "content-type")).toBe("text/plain");
    expect(header(answer, "content-length")).toBe(String(answer[0]?.body.length));
    expect(client.transport.state).toBe("ended");
  });

  it("over the broker's limit is refused as soon as its length is known (Size Limits)", async () => {
    const broker = await TestBroker.open({}, { maxMessageBytes: 1_000 });
    const client = await broker.connect();

    client.write("SEND\ndestination:/queue/a\nreceipt:r\ncontent-length:1001\n\n");
    const answer = await client.take();

    expect(header(answer, "message")).toBe("Too large");
    expect(header(answer, "receipt-id")).toBe("r");
    expect(client.transport.state).toBe("ended");
  });

  it("to a full queue that refuses is answered with ERROR and the receipt", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    const limits = { destination: "/queue/full", "x-max-length": 1, "x-overflow": "reject-publish" };
    await client.confirm("SEND", limits, "1");

    const answer = await client.ask("SEND", { destination: "/queue/full", receipt: "r" }, "2");

    expect(commands(answer)).toEqual(["ERROR"]);
    expect(header(answer, "message")).toBe("Queue full");
    expect(header(answer, "receipt-id")).toBe("r");
  });
});

describe("RECEIPT", () => {
  it("waits, and what follows its frame with it, while the client leaves too much unread", async () => {
    const broker = await TestBroker.open({ maxOutboxBytes: 1_000 }, { maxMessageBytes: 1_000 });
    const client = await broker.connect();
    const { transport, connection } = client;
    client.send("BEGIN", { transaction: "a", receipt: "1" });
    await Promise.resolve();
    transport.bufferedBytes = 2 * 1024 * 1024;
    client.send("BEGIN", { transaction: "b", receipt: "2" });
    client.send("BEGIN", { transaction: "c", receipt: "3" });
    expect((await client.take()).map((frame) => header(frame, "receipt-id"))).toEqual(["1"]);
    expect(transport.isPaused).toBe(true);
    transport.bufferedBytes = 0;
    connection.drained();

    expect((await client.take()).map((frame) => header(frame, "receipt-id"))).toEqual(["2", "3"]);
    expect(transport.isPaused).toBe(false);
  });

  it("carries the receipt header's value as receipt-id, for every client frame (STOMP 1.2, Header receipt)", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    const ids: (string | undefined)[] = [];
    const ask = async (command: string, headers: Record<string, string>) => {
      const frames = await client.ask(command, { ...headers, receipt: `r:${command}` });
      ids.push(
        ...frames
          .filter(({ command: name }) => name === "RECEIPT")
          .map((frame) => header(frame, "receipt-id")),
      );
      return frames;
    };
    await ask("SUBSCRIBE", { id: "1", destination: "/queue/a", ack: "client" });
    const ackOf = async () =>
      header(
        (await ask("SEND", { destination: "/queue/a" })).find(({ command }) => command === "MESSAGE"),
        "ack",
      ) ?? "";
    await ask("ACK", { id: await ackOf() });
    const nacked = await ackOf();
    await ask("NACK", { id: nacked, requeue: "false" });
    await ask("BEGIN", { transaction: "t" });
    await ask("COMMIT", { transaction: "t" });
    await client.ask("BEGIN", { transaction: "t" });
    await ask("ABORT", { transaction: "t" });
    await ask("UNSUBSCRIBE", { id: "1" });
    await ask("DISCONNECT", {});

    expect(ids).toEqual(
      [
        "SUBSCRIBE",
        "SEND",
        "ACK",
        "SEND",
        "NACK",
        "BEGIN",
        "COMMIT",
        "ABORT",
        "UNSUBSCRIBE",
        "DISCONNECT",
      ].map((command) => `r:${command}`),
    );
  });

  it("says when nothing was bound to receive the message", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();

    const [unrouted] = await client.ask("SEND", { destination: "/topic/nobody", receipt: "1" });
    const [routed] = await client.ask("SEND", { destination: "/queue/a", receipt: "2" });

    expect(header(unrouted, "routed")).toBe("false");
    expect(header(routed, "routed")).toBeUndefined();
  });

  it("of SEND comes once for each, in order, between others without", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    for (let index = 0; index < 20; index++) {
      client.send(
        "SEND",
        index % 2 === 0 ? { destination: "/queue/a", receipt: `r${index}` } : { destination: "/queue/a" },
      );
    }

    const receipts = (await client.take()).map((frame) => header(frame, "receipt-id"));

    expect(receipts).toEqual(["r0", "r2", "r4", "r6", "r8", "r10", "r12", "r14", "r16", "r18"]);
  });
});

describe("STOMP 1.2, DISCONNECT", () => {
  it("is answered with its RECEIPT after everything sent before it, and then closed", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    client.send("SEND", { destination: "/queue/a", receipt: "1", persistent: "true" });
    client.send("SEND", { destination: "/queue/new", receipt: "2" });
    client.send("DISCONNECT", { receipt: "77" });

    const answer = await client.take();

    expect(answer.map((frame) => header(frame, "receipt-id"))).toEqual(["1", "2", "77"]);
    expect(client.transport.state).toBe("ended");
    expect(broker.broker.clients.size).toBe(0);
  });

  it("without a receipt just closes", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();

    expect(await client.ask("DISCONNECT")).toEqual([]);
    expect(client.transport.state).toBe("ended");
  });

  it("what was received before the transport broke is processed", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    client.send("SEND", { destination: "/queue/new" }, "1");
    client.cut();
    await client.take();

    expect(broker.vhost.queue("new").messageCount).toBe(1);
  });

  it("ends the stream: what follows is not read", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    client.write("DISCONNECT\nreceipt:1\n\n\0SEND\ndestination:/queue/late\n\nx\0");
    client.write("GARBAGE");

    expect(commands(await client.take())).toEqual(["RECEIPT"]);
    expect(broker.vhost.topology.queues.has("late")).toBe(false);
  });
});

describe("ERROR", () => {
  it.each([
    ["an unknown command", "FLY\nreceipt:1\n\n\0", "Bad command", '"FLY"'],
    [
      "a header without a colon",
      "SEND\nreceipt:1\ndestination\n\n\0",
      "Malformed frame",
      '"destination" has no colon',
    ],
    ["an undefined escape", "SEND\nreceipt:1\nfoo:\\t\n\n\0", "Malformed frame", "header foo"],
    [
      "a lying content-length",
      "SEND\nreceipt:1\ndestination:/queue/a\ncontent-length:3\n\nhello\0",
      "Malformed frame",
      "content-length:3",
    ],
    ["a frame that ends in its headers", "SEND\nreceipt:1\n\0", "Malformed frame", "blank line"],
    [
      "lower case: commands are case sensitive",
      "send\nreceipt:1\ndestination:/queue/a\n\n\0",
      "Bad command",
      "send",
    ],
  ])("names the fault of %s and closes (STOMP 1.2, ERROR)", async (_, wire, summary, names) => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    client.write(wire);

    const answer = await client.take();

    expect(commands(answer)).toEqual(["ERROR"]);
    expect(header(answer, "message")).toBe(summary);
    expect(bodies(answer)[0]).toContain(names);
    expect(client.transport.state).toBe("ended");
  });

  it("is the last frame, and disturbs nobody else", async () => {
    const broker = await TestBroker.open();
    const other = await broker.connect();
    await other.confirm("SUBSCRIBE", { id: "0", destination: "/topic/t" });
    const client = await broker.connect();
    await client.confirm("SUBSCRIBE", { id: "0", destination: "/topic/t" });
    client.write("GARBAGE\n\n\0SEND\ndestination:/topic/t\n\nx\0");
    await other.confirm("SEND", { destination: "/topic/t" }, "y");

    expect(commands(await client.take())).toEqual(["ERROR"]);
    expect(broker.broker.clients.size).toBe(1);
  });

  it("has an advice that says what to do, for a shutdown too", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    client.connection.shutdown("shutdown");

    const answer = await client.take();

    expect(header(answer, "message")).toBe("Shutdown");
    expect(bodies(answer)[0]).toContain("connect again later");
    expect(client.transport.state).toBe("ended");
  });
});
