import { BrokerError, type Credentials, type Headers, OPEN_AUTHORITY } from "@dragoman/core";
import { openTestBroker } from "@dragoman/core/testing";
import { describe, expect, it, test } from "vitest";
import { PROTOCOL_HEADER } from "../codec/protocol-header.ts";
import { queueDeclare, TestClient } from "../testing/test-client.ts";

const capability = (name: string) =>
  [["capabilities", { type: "table", value: [[name, { type: "boolean", value: true }]] }]] as const;

describe("opening a connection, AMQP 0-9-1 §2.2.4", () => {
  it("offers its mechanisms, locale and RabbitMQ's capabilities in a first frame below 4096 bytes", async () => {
    const { broker } = await openTestBroker();
    const client = new TestClient(broker);
    client.bytes(PROTOCOL_HEADER);
    await client.settle();
    const bytes = client.transport.take();

    expect(bytes.length).toBeLessThan(4096);
    expect(bytes.includes("PLAIN AMQPLAIN")).toBe(true);
    expect(bytes.includes("en_US")).toBe(true);
    for (const name of ["publisher_confirms", "basic.nack", "consumer_cancel_notify", "direct_reply_to"]) {
      expect(bytes.includes(name)).toBe(true);
    }
  });

  it("proposes its limits, then opens the virtual host", async () => {
    const { broker } = await openTestBroker();
    const client = new TestClient(broker);
    await client.negotiate();

    expect(await client.methods()).toMatchObject([
      { name: "connection.start" },
      { name: "connection.tune", channelMax: 2047, frameMax: 131072, heartbeat: 60 },
      { name: "connection.open-ok" },
    ]);
    expect(broker.clients.size).toBe(1);
  });

  it("takes frames of 4096 bytes at most before a limit is agreed upon, §4.2.3", async () => {
    const { broker } = await openTestBroker();
    const client = new TestClient(broker);
    const tooLong: Headers = [["too_long", { type: "text", value: "x".repeat(4096) }]];
    await client.negotiate({ startOk: { clientProperties: tooLong } });

    expect((await client.methods()).at(-1)).toMatchObject({ name: "connection.close", replyCode: 501 });
    expect(broker.clients.size).toBe(0);
  });

  it("takes the header byte by byte, and frames behind it in the same chunk", async () => {
    const { broker } = await openTestBroker();
    const client = new TestClient(broker);
    for (const octet of PROTOCOL_HEADER) client.bytes(Uint8Array.of(octet));

    expect(await client.methods()).toMatchObject([{ name: "connection.start" }]);
  });

  it("answers another header with its own and closes, §4.2.2", async () => {
    const { broker } = await openTestBroker();
    const client = new TestClient(broker);
    client.bytes(Buffer.from("AMQP\0\x01\0\0"));

    expect(client.transport.take()).toEqual(Buffer.from(PROTOCOL_HEADER));
    expect(client.transport.state).toBe("ended");
  });

  test.each([
    { mechanism: "PLAIN", response: Buffer.from("\0guest\0guest") },
    { mechanism: "PLAIN", response: Buffer.from("guest\0guest\0guest") },
    {
      mechanism: "AMQPLAIN",
      response: Buffer.from("\x05LOGINS\0\0\0\x05guest\x08PASSWORDS\0\0\0\x05guest"),
    },
  ])("logs in by $mechanism", async ({ mechanism, response }) => {
    const { broker } = await openTestBroker();
    const client = new TestClient(broker);
    await client.negotiate({ startOk: { mechanism, response } });

    expect([...broker.clients][0]?.identity.user).toBe("guest");
  });

  it("offers EXTERNAL to who has shown a certificate, and takes its name", async () => {
    const { broker } = await openTestBroker();
    const client = new TestClient(broker);
    client.transport.certifiedName = "ann";
    await client.negotiate({ startOk: { mechanism: "EXTERNAL", response: Buffer.alloc(0) } });

    expect(client.transport.take().includes("PLAIN AMQPLAIN ANONYMOUS EXTERNAL")).toBe(true);
    expect([...broker.clients][0]?.identity.user).toBe("ann");
  });

  it("does not know EXTERNAL without a certificate: 503", async () => {
    const { broker } = await openTestBroker();
    const client = new TestClient(broker);
    await client.negotiate({ startOk: { mechanism: "EXTERNAL", response: Buffer.alloc(0) } });

    expect((await client.methods()).at(-1)).toMatchObject({ name: "connection.close", replyCode: 503 });
  });

  it("checks a password once, whichever virtual host is opened", async () => {
    const asked: string[] = [];
    const authority = {
      ...OPEN_AUTHORITY,
      connect: (credentials: Credentials, virtualHost: string) => {
        asked.push(`${credentials.kind} for ${virtualHost}`);
        return Promise.resolve({ user: "guest" });
      },
    };
    const { broker } = await openTestBroker({ authority });
    await broker.createVirtualHost("staging");
    const client = new TestClient(broker);
    await client.negotiate({ virtualHost: "staging" });

    expect(asked).toEqual(["password for /", "proved for staging"]);
    expect(broker.clients.size).toBe(1);
  });

  const refusing = {
    ...OPEN_AUTHORITY,
    connect: () => Promise.reject(new BrokerError("bad-credentials", "wrong password")),
  };

  it("says why a login failed to a client that asks for it", async () => {
    const { broker } = await openTestBroker({ authority: refusing });
    const client = new TestClient(broker);
    await client.negotiate({ startOk: { clientProperties: capability("authentication_failure_close") } });

    expect((await client.methods()).at(-1)).toMatchObject({
      name: "connection.close",
      replyCode: 403,
      replyText: expect.stringMatching(
        /^ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN/,
      ),
    });
  });

  it("ends its own connection alone when it meets a fault of ours", async () => {
    const broken = { ...OPEN_AUTHORITY, connect: () => Promise.reject(new TypeError("a bug")) };
    const client = new TestClient((await openTestBroker({ authority: broken })).broker);
    const faults: unknown[] = [];
    client.transport.failed = (error) => void faults.push(error);
    await client.negotiate();

    expect(faults).toEqual([new TypeError("a bug")]);
  });

  it("only closes when a login failed and the client does not know better", async () => {
    const { broker } = await openTestBroker({ authority: refusing });
    const client = new TestClient(broker);
    await client.negotiate();

    expect((await client.methods()).map(({ name }) => name)).toEqual(["connection.start"]);
    expect(client.transport.state).toBe("ended");
  });

  test.each([
    {
      why: "an unknown virtual host",
      options: { virtualHost: "nowhere" },
      code: 530,
      text: /vhost nowhere not found/,
    },
    {
      why: "a frame-max below 4096",
      options: { tuneOk: { frameMax: 1000 } },
      code: 530,
      text: /negotiated frame_max = 1000 is lower than the minimum allowed value \(4096\)/,
    },
    {
      why: "a frame-max above ours",
      options: { tuneOk: { frameMax: 200_000 } },
      code: 530,
      text: /frame_max/,
    },
    {
      why: "a channel-max above ours",
      options: { tuneOk: { channelMax: 3000 } },
      code: 530,
      text: /channel_max/,
    },
    { why: "an unknown mechanism", options: { startOk: { mechanism: "MAGIC" } }, code: 503, text: /MAGIC/ },
  ])("refuses $why with $code", async ({ options, code, text }) => {
    const { broker } = await openTestBroker();
    const client = new TestClient(broker);
    await client.negotiate(options);

    expect(await client.methods()).toContainEqual(
      expect.objectContaining({
        name: "connection.close",
        replyCode: code,
        replyText: expect.stringMatching(text),
      }),
    );
  });

  it("gives up a client that does not finish within ten seconds", async () => {
    const { broker, clock } = await openTestBroker();
    const client = new TestClient(broker);
    client.bytes(PROTOCOL_HEADER);
    clock.advance(10_001);
    client.connection.tick(clock.now());

    expect(client.transport.state).toBe("destroyed");
  });
});

describe("heartbeats, AMQP 0-9-1 §4.2.7", () => {
  it("are sent at half the agreed interval, unless something else is", async () => {
    const { broker, clock } = await openTestBroker();
    const client = await TestClient.open(broker, { tuneOk: { heartbeat: 10 } });
    client.connection.tick(clock.now());
    const beatsAfter = async (seconds: number): Promise<number> => {
      for (let second = 0; second < seconds; second++) {
        clock.advance(1_000);
        client.connection.tick(clock.now());
        await client.take();
      }
      return client.heartbeats;
    };

    expect(await beatsAfter(4)).toBe(0);
    expect(await beatsAfter(1)).toBe(1);
    await client.ask(queueDeclare("q"));
    expect(await beatsAfter(4)).toBe(1);
    expect(await beatsAfter(1)).toBe(2);
  });

  it("count with all other traffic as a sign of life; two missed end the connection", async () => {
    const { broker, clock } = await openTestBroker();
    const client = await TestClient.open(broker, { tuneOk: { heartbeat: 10 } });
    for (let at = 0; at < 5; at++) {
      client.bytes(Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 0xce));
      clock.advance(15_000);
      client.connection.tick(clock.now());
    }
    expect(client.transport.state).toBe("open");

    clock.advance(15_000);
    client.connection.tick(clock.now());
    clock.advance(6_000);
    client.connection.tick(clock.now());
    expect(client.transport.state).toBe("destroyed");
    expect(broker.clients.size).toBe(0);
  });

  it("of a second do not wait for the tick of the server", async () => {
    const { broker, clock } = await openTestBroker();
    const client = await TestClient.open(broker, { tuneOk: { heartbeat: 1 } });
    clock.advance(1_600);
    await client.take();

    expect(client.heartbeats).toBeGreaterThanOrEqual(2);
  });

  it("are not asked of a client that wants none", async () => {
    const { broker, clock } = await openTestBroker();
    const client = await TestClient.open(broker);
    clock.advance(3_600_000);
    client.connection.tick(clock.now());

    expect(client.transport.state).toBe("open");
  });
});

describe("faults that end the connection, AMQP 0-9-1 §1.2", () => {
  test.each([
    { why: "a wrong end octet", wire: "01 0001 00000000 00", code: 501 },
    { why: "an unknown frame type", wire: "07 0001 00000000 ce", code: 501 },
    { why: "a frame over frame-max", wire: "03 0001 00ffffff", code: 501 },
    { why: "a heartbeat on a channel", wire: "08 0001 00000000 ce", code: 505 },
    { why: "a heartbeat with a payload", wire: "08 0000 00000001 61 ce", code: 501 },
    { why: "arguments that end early", wire: "01 0001 00000006 003c 0050 0000 ce", code: 501 },
    {
      why: "a field table that lies",
      wire: "01 0001 0000000f 0032 000a 0000 0171 00 000000ff 0161 ce",
      code: 501,
    },
    { why: "a method that does not exist", wire: "01 0001 00000004 003c 0063 ce", code: 503 },
    { why: "a method that only servers send", wire: "01 0001 00000004 0032 0015 ce", code: 503 },
    { why: "a method of a channel on channel 0", wire: "01 0000 00000004 005a 000a ce", code: 504 },
    { why: "a channel that was not opened", wire: "01 0002 00000004 005a 000a ce", code: 504 },
    { why: "content on a channel that was not opened", wire: "03 0002 00000001 61 ce", code: 505 },
    { why: "an answer to a close that was not sent", wire: "01 0001 00000004 0014 0029 ce", code: 503 },
    { why: "a channel opened twice", wire: "01 0001 00000005 0014 000a 00 ce", code: 504 },
    {
      why: "a content header without a method",
      wire: "02 0001 0000000e 003c 0000 0000000000000000 0000 ce",
      code: 505,
    },
    { why: "a content body without a header", wire: "03 0001 00000001 61 ce", code: 505 },
    { why: "content on channel 0", wire: "03 0000 00000001 61 ce", code: 505 },
  ])("$why is answered with $code", async ({ wire, code }) => {
    const { broker } = await openTestBroker();
    const client = await TestClient.open(broker);
    client.bytes(Buffer.from(wire.replaceAll(" ", ""), "hex"));

    expect(await client.take()).toMatchObject([
      { channel: 0, method: { name: "connection.close", replyCode: code } },
    ]);
    expect(broker.clients.size).toBe(0);

    client.send(0, { name: "connection.close-ok" });
    expect(client.transport.state).toBe("ended");
  });

  const header = "02 0001 0000000e 003c 0000 0000000000000005 0000 ce";
  test.each([
    {
      why: "a body where a header is due",
      wire: "03 0001 00000001 61 ce",
      says: "expected content header for class 60, got non content header frame instead",
    },
    {
      why: "a method where a header is due",
      wire: "01 0001 00000004 005a 000a ce",
      says: "expected content header for class 60, got non content header frame instead",
    },
    {
      why: "a header of another class",
      wire: "02 0001 0000000e 0032 0000 0000000000000000 0000 ce",
      says: "expected content header for class 60, got one for class 50 instead",
    },
    {
      why: "a method where a body is due",
      wire: `${header} 01 0001 00000004 005a 000a ce`,
      says: "expected content body, got non content body frame instead",
    },
    {
      why: "a second header where a body is due",
      wire: `${header} ${header}`,
      says: "expected content body, got non content body frame instead",
    },
  ])("$why is laid to the publish that it disturbs: 505", async ({ wire, says }) => {
    const { broker } = await openTestBroker();
    const client = await TestClient.open(broker);
    client.send(1, {
      name: "basic.publish",
      exchange: "",
      routingKey: "q",
      mandatory: false,
      immediate: false,
    });
    client.bytes(Buffer.from(wire.replaceAll(" ", ""), "hex"));

    const replyText = `UNEXPECTED_FRAME - ${says}`;
    expect(await client.methods()).toMatchObject([
      { name: "connection.close", replyCode: 505, replyText, classId: 60, methodId: 40 },
    ]);
  });

  it("drops what comes before the client agrees, and cuts off one that never does", async () => {
    const { broker, clock } = await openTestBroker();
    const client = await TestClient.open(broker);
    client.send(2, { name: "tx.select" });
    client.send(1, queueDeclare("q"));

    expect(await client.methods()).toMatchObject([
      { name: "connection.close", replyCode: 504, classId: 90, methodId: 10 },
    ]);
    clock.advance(10_001);
    client.connection.tick(clock.now());
    expect(client.transport.state).toBe("destroyed");
  });
});

describe("the end of a connection", () => {
  it("is answered when the client asks for it, §1.4.2.9", async () => {
    const { broker } = await openTestBroker();
    const client = await TestClient.open(broker);
    client.send(0, { name: "connection.close", replyCode: 200, replyText: "bye", classId: 0, methodId: 0 });

    expect(await client.methods()).toMatchObject([{ name: "connection.close-ok" }]);
    expect(client.transport.state).toBe("ended");
    expect(broker.clients.size).toBe(0);
  });

  it("is announced with 320 when the broker stops", async () => {
    const { broker } = await openTestBroker();
    const client = await TestClient.open(broker);
    client.connection.shutdown("shutdown");

    expect(await client.methods()).toMatchObject([
      { name: "connection.close", replyCode: 320, replyText: expect.stringMatching(/^CONNECTION_FORCED - /) },
    ]);
    expect(client.transport.state).toBe("ended");
  });

  it("takes the exclusive queues along", async () => {
    const { broker } = await openTestBroker();
    const client = await TestClient.open(broker);
    await client.ask(queueDeclare("mine", { exclusive: true }));
    client.connection.closed();

    expect(broker.virtualHost("/").topology.queues.has("mine")).toBe(false);
  });

  it("answers update-secret and goes on", async () => {
    const { broker } = await openTestBroker();
    const client = await TestClient.open(broker);
    client.send(0, { name: "connection.update-secret", newSecret: Buffer.from("x"), reason: "expired" });

    expect(await client.methods()).toMatchObject([{ name: "connection.update-secret-ok" }]);
  });
});

describe("a broker that is short of something", () => {
  it("makes publishers wait and tells those that want to know", async () => {
    const { broker } = await openTestBroker();
    const publisher = await TestClient.open(broker, {
      startOk: { clientProperties: capability("connection.blocked") },
    });
    const consumer = await TestClient.open(broker);
    publisher.publish({ routingKey: "q" });
    broker.pressure.raise("memory");

    expect(publisher.transport.isPaused).toBe(true);
    expect(consumer.transport.isPaused).toBe(false);
    expect(await publisher.methods()).toMatchObject([
      { name: "connection.blocked", reason: "low on memory" },
    ]);
    broker.pressure.ease("memory");
    expect(publisher.transport.isPaused).toBe(false);
    expect(await publisher.methods()).toMatchObject([{ name: "connection.unblocked" }]);
  });
});

async function blocked() {
  const { broker, clock } = await openTestBroker();
  const client = await TestClient.open(broker, { tuneOk: { heartbeat: 10 } });
  client.publish({ routingKey: "q" });
  broker.pressure.raise("disk");
  return { client, clock };
}

describe("a publisher that has to wait", () => {
  it("is not taken for silent: its heartbeats are not read", async () => {
    const { client, clock } = await blocked();
    for (let second = 0; second < 60; second++) {
      clock.advance(1_000);
      client.connection.tick(clock.now());
    }

    expect(client.transport.state).toBe("open");
  });

  it("is read again when its connection is to end", async () => {
    const { client } = await blocked();
    client.send(9, { name: "tx.select" });

    expect(client.transport.isPaused).toBe(false);
  });
});

describe("channels, AMQP 0-9-1 §1.5", () => {
  it("are as many as was agreed upon", async () => {
    const { broker } = await openTestBroker();
    const client = await TestClient.open(broker, { tuneOk: { channelMax: 2 } });
    client.send(2, { name: "channel.open" });
    client.send(3, { name: "channel.open" });

    expect(await client.methods()).toMatchObject([
      { name: "channel.open-ok" },
      { name: "connection.close", replyCode: 530 },
    ]);
  });

  it("close one by one; the number can be used again", async () => {
    const { broker } = await openTestBroker();
    const client = await TestClient.open(broker);
    client.send(1, { name: "channel.close", replyCode: 200, replyText: "", classId: 0, methodId: 0 });
    client.send(1, { name: "channel.open" });

    expect(await client.methods()).toMatchObject([{ name: "channel.close-ok" }, { name: "channel.open-ok" }]);
  });

  it("end alone after a softer error, and drop what comes before the client agrees", async () => {
    const { broker } = await openTestBroker();
    const client = await TestClient.open(broker);
    client.send(2, { name: "channel.open" });
    client.send(1, queueDeclare("missing", { passive: true }));
    await client.settle();
    client.send(1, queueDeclare("q"));
    client.publish({ routingKey: "q" }, "dropped");
    client.send(2, queueDeclare("other"));

    expect(await client.take()).toMatchObject([
      { channel: 2, method: { name: "channel.open-ok" } },
      {
        channel: 1,
        method: {
          name: "channel.close",
          replyCode: 404,
          replyText: "NOT_FOUND - no queue 'missing' in vhost '/'",
          classId: 50,
          methodId: 10,
        },
      },
      { channel: 2, method: { name: "queue.declare-ok", queue: "other" } },
    ]);
    client.send(1, { name: "channel.close-ok" });
    client.send(1, { name: "channel.open" });
    expect(await client.take()).toMatchObject([{ channel: 1, method: { name: "channel.open-ok" } }]);
  });
});
