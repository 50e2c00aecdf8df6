import { type Authority, BrokerError, OPEN_AUTHORITY } from "@dragoman/core";
import { describe, expect, test } from "vitest";
import type { Connect } from "../codec/connect.ts";
import { settle, TestClient } from "../testing/test-client.ts";
import { connected, startServer } from "../testing/test-server.ts";

const will = { topic: "will", qos: 0, retain: false, properties: {}, payload: Buffer.from("gone") } as const;

describe("a CONNECT", () => {
  test("must come first [MQTT-3.1.0-1], MQTT 3.1.1 [MQTT-3.1.0-1]", async () => {
    for (const wire of ["c000", "30050003612f6278", "e000", "8206000100016100"]) {
      const client = new TestClient(await startServer());

      client.sendHex(wire);

      expect([client.isEnded, client.take()]).toEqual([true, []]);
    }
  });

  test("must not come twice [MQTT-3.1.0-2]", async () => {
    const client = await connected(await startServer());

    await client.connect();

    expect(client.isEnded).toBe(true);
  });

  test("that comes twice is answered with DISCONNECT 0x82, before with the end, MQTT 3.1.1 [MQTT-3.1.0-2]", async () => {
    const server = await startServer();
    for (const [version, want] of [
      [5, [0x82]],
      [4, []],
    ] as const) {
      const client = await connected(server, { clientId: `v${version}` }, version);
      client.sendHex("10 0e 0004 4d515454 05 02 0000 00 0001 61");
      const reasons = client
        .take()
        .map((packet) => (packet.type === "disconnect" ? packet.reason : packet.type));
      expect([client.isEnded, reasons]).toEqual([true, want]);
    }
  });

  test("of another protocol is not answered [MQTT-3.1.2-1], MQTT 3.1.1 [MQTT-3.1.2-1]", async () => {
    const client = new TestClient(await startServer());

    client.sendHex("10 0d 0004 4d515455 05 02 0000 0001 61");

    expect([client.isEnded, client.transport.take().length]).toEqual([true, 0]);
  });

  test("of an unknown version is refused in words that its client may know [MQTT-3.1.2-2], MQTT 3.1.1 [MQTT-3.1.2-2]", async () => {
    const answers: string[] = [];
    for (const connect of [
      "10 0e 0004 4d515454 06 02 0000 00 0001 61",
      "10 0d 0004 4d515454 06 02 0000 0001 61",
      "10 0d 0004 4d515454 02 02 0000 0001 61",
      "10 0f 0006 4d5149736470 06 02 0000 0001 61",
    ]) {
      const client = new TestClient(await startServer());
      client.sendHex(connect);
      expect(client.isEnded).toBe(true);
      answers.push(client.transport.take().toString("hex"));
    }

    expect(answers[0]?.slice(4, 8)).toBe("0084");
    expect(answers.slice(1)).toEqual(["20020001", "20020001", "20020001"]);
  });

  test("of MQTT 3.1 may have any flags in its first byte, which that version does not use", async () => {
    for (const first of ["12", "1c", "1f"]) {
      const client = new TestClient(await startServer(), 3);
      client.sendHex(`${first} 0f 0006 4d5149736470 03 02 0000 0001 61`);
      await settle();
      expect(client.take()).toMatchObject([{ type: "connack", reason: 0 }]);
    }
  });

  test("of a client that accepts no packet as large as the CONNACK is refused, and its former session stays [MQTT-3.1.2-24]", async () => {
    const server = await startServer();
    const kept = { clientId: "a", cleanStart: false, properties: { sessionExpiryInterval: 60 } };
    const former = await connected(server, kept);
    const answers: unknown[] = [];
    for (const maximumPacketSize of [2, 5, 15]) {
      const client = new TestClient(server);
      answers.push((await client.connect({ ...kept, properties: { maximumPacketSize } }))?.reason);
      expect(client.isEnded).toBe(true);
    }

    expect(answers).toEqual([undefined, 0x95, 0x95]);
    expect([former.isEnded, server.broker.clients.size]).toEqual([false, 1]);
  });

  test("with the reserved flag is malformed [MQTT-3.1.2-3], and [MQTT-3.1.4-1], MQTT 3.1.1 [MQTT-3.1.2-3] [MQTT-3.1.4-1]", async () => {
    const five = new TestClient(await startServer());
    five.sendHex("10 0e 0004 4d515454 05 03 0000 00 0001 61");
    const four = new TestClient(await startServer(), 4);
    four.sendHex("10 0d 0004 4d515454 04 03 0000 0001 61");

    expect(five.take()).toMatchObject([{ type: "connack", reason: 0x81, sessionPresent: false }]);
    expect(four.transport.take()).toHaveLength(0);
    expect([five.isEnded, four.isEnded]).toEqual([true, true]);
  });

  test("is acknowledged with success, once, before anything else [MQTT-3.1.4-5] [MQTT-3.2.0-1] [MQTT-3.2.0-2], MQTT 3.1.1 [MQTT-3.1.4-4] [MQTT-3.2.0-1]", async () => {
    for (const version of [3, 4, 5] as const) {
      const client = new TestClient(await startServer(), version);
      client.send(connectPacket(version, {}));
      client.send({ type: "pingreq" });
      await settle();

      const types = client.take().map(({ type }) => type);

      expect(types).toEqual(["connack", "pingresp"]);
    }
  });

  test("that is refused ends the connection, and what follows it is not read [MQTT-3.1.4-6] [MQTT-3.2.2-7] [MQTT-3.14.0-1], MQTT 3.1.1 [MQTT-3.1.4-5] [MQTT-3.2.2-4] [MQTT-3.2.2-5]", async () => {
    for (const version of [4, 5] as const) {
      const server = await startServer({}, { authority: closedAuthority });
      const client = new TestClient(server, version);
      client.send(connectPacket(version, {}));
      client.publish("a/b", "never", { retain: true });
      await settle();

      expect(client.take()).toMatchObject([{ type: "connack", sessionPresent: false }]);
      expect(client.isEnded).toBe(true);
      expect(server.broker.virtualHost("/").retained.count).toBe(0);
    }
  });

  test("with a wrong login is refused with 0x86, before MQTT 5.0 with 4, and an unknown right with 0x87 and 5 [MQTT-3.1.4-2] [MQTT-3.2.2-6] [MQTT-3.2.2-8]", async () => {
    const reasons: unknown[] = [];
    for (const code of ["bad-credentials", "not-authorized"] as const) {
      const authority: Authority = {
        ...OPEN_AUTHORITY,
        connect: () => Promise.reject(new BrokerError(code, "no")),
      };
      for (const version of [4, 5] as const) {
        const client = new TestClient(await startServer({}, { authority }), version);
        reasons.push((await client.connect({ userName: "u", password: Buffer.from("p") }))?.reason);
      }
    }

    expect(reasons).toEqual([0x86, 0x86, 0x87, 0x87]);
  });

  test("that is refused for what has no return code ends without one, MQTT 3.1.1 [MQTT-3.2.2-6]", async () => {
    const authority: Authority = {
      ...OPEN_AUTHORITY,
      connect: () => Promise.reject(new BrokerError("quota", "too many connections")),
    };
    const server = await startServer({}, { authority });
    const four = new TestClient(server, 4);
    expect(await four.connect()).toBeUndefined();
    expect([four.isEnded, (await new TestClient(server).connect())?.reason]).toEqual([true, 0x97]);
  });

  test("that meets a fault of ours ends its own connection alone", async () => {
    const broken: Authority = { ...OPEN_AUTHORITY, connect: () => Promise.reject(new TypeError("a bug")) };
    const client = new TestClient(await startServer({}, { authority: broken }));
    const faults: unknown[] = [];
    client.transport.failed = (error) => void faults.push(error);
    await client.connect();

    expect(faults).toEqual([new TypeError("a bug")]);
  });

  test("brings user name and password to the authority [MQTT-3.1.2-17] [MQTT-3.1.2-19] [MQTT-3.1.3-12]", async () => {
    const seen: unknown[] = [];
    const authority: Authority = {
      ...OPEN_AUTHORITY,
      connect: (credentials) => {
        seen.push(
          credentials.kind === "password"
            ? [credentials.user, Buffer.from(credentials.password).toString()]
            : [],
        );
        return Promise.resolve({ user: "u" });
      },
    };
    const server = await startServer({}, { authority });
    await connected(server, { userName: "me", password: Buffer.from("secret") });
    await connected(server, { password: Buffer.from("token") });
    await connected(server);

    expect(seen).toEqual([["me", "secret"], ["", "token"], []]);
  });

  test("must arrive in time, and only its own length of it is kept", async () => {
    const server = await startServer({ connectTimeoutMs: 5_000 });
    const client = new TestClient(server);
    client.sendHex("10");
    server.clock.advance(5_001);

    client.connection.tick(server.clock.now());

    expect(client.isEnded).toBe(true);
  });
});

describe("a client identifier", () => {
  test("of 1 to 23 letters and digits is accepted, and longer ones too [MQTT-3.1.3-5], MQTT 3.1.1 [MQTT-3.1.3-5]", async () => {
    const server = await startServer();
    for (const version of [3, 4, 5] as const) {
      for (const clientId of ["a", "0123456789abcdefghijklm", "NOPQRSTUVWXYZ", "x".repeat(200), "é/+#$"]) {
        const client = new TestClient(server, version);
        expect(await client.connect({ clientId })).toMatchObject({ reason: 0 });
      }
    }
  });

  test("that is empty is replaced by one that nobody has, and told [MQTT-3.1.3-6] [MQTT-3.1.3-7] [MQTT-3.2.2-16], MQTT 3.1.1 [MQTT-3.1.3-6]", async () => {
    const server = await startServer();
    const first = await new TestClient(server).connect({ clientId: "" });
    const second = await new TestClient(server).connect({ clientId: "" });
    const old = await new TestClient(server, 4).connect({ clientId: "" });

    const ids = [first, second].map((connack) => connack?.properties.assignedClientIdentifier);
    expect(new Set(ids).size).toBe(2);
    expect(ids.every((id) => id !== undefined && id.length > 20)).toBe(true);
    expect(old?.reason).toBe(0);
  });

  test("that is empty is assigned also for a session that is kept, which can be resumed by it [MQTT-3.1.3-7]", async () => {
    const server = await startServer();
    const first = new TestClient(server);
    const connack = await first.connect({
      clientId: "",
      cleanStart: false,
      properties: { sessionExpiryInterval: 60 },
    });
    first.drop();
    const again = await new TestClient(server).connect({
      clientId: connack?.properties.assignedClientIdentifier ?? "",
      cleanStart: false,
    });

    expect(again?.sessionPresent).toBe(true);
  });

  test("that is refused ends the connection, here an empty one without a clean session [MQTT-3.1.3-8], MQTT 3.1.1 [MQTT-3.1.3-8] [MQTT-3.1.3-9]", async () => {
    const client = new TestClient(await startServer(), 4);

    client.send(connectPacket(4, { clientId: "", cleanStart: false }));
    await settle();

    expect(client.transport.take().toString("hex")).toBe("20020002");
    expect(client.isEnded).toBe(true);
  });

  test("names one connection at a time: the former is told 0x8e and closed [MQTT-3.1.4-3], MQTT 3.1.1 [MQTT-3.1.4-2]", async () => {
    for (const version of [4, 5] as const) {
      const server = await startServer();
      const former = await connected(server, { clientId: "same" }, version);
      former.take();

      const next = await connected(server, { clientId: "same" }, version);

      expect(former.take()).toMatchObject(version === 5 ? [{ type: "disconnect", reason: 0x8e }] : []);
      expect([former.isEnded, next.isEnded]).toEqual([true, false]);
      former.connection.closed();
      next.send({ type: "pingreq" });
      expect(next.take()).toEqual([{ type: "pingresp" }]);
    }
  });
});

describe("the limits in a CONNACK", () => {
  test("are told as they are [MQTT-3.2.2-9]", async () => {
    const server = await startServer({
      maximumQos: 1,
      retainAvailable: false,
      wildcardSubscriptionAvailable: false,
      subscriptionIdentifierAvailable: false,
      sharedSubscriptionAvailable: false,
      receiveMaximum: 7,
      topicAliasMaximum: 3,
      maxPacketBytes: 1_000,
      maxKeepAlive: 30,
      maxSessionExpiry: 100,
      responseInformation: "replies/",
    });

    const connack = await new TestClient(server).connect({
      keepAlive: 60,
      properties: { sessionExpiryInterval: 200, requestResponseInformation: 1 },
    });

    expect(connack?.properties).toEqual({
      maximumQos: 1,
      retainAvailable: 0,
      wildcardSubscriptionAvailable: 0,
      subscriptionIdentifierAvailable: 0,
      sharedSubscriptionAvailable: 0,
      receiveMaximum: 7,
      topicAliasMaximum: 3,
      maximumPacketSize: 1_000,
      serverKeepAlive: 30,
      sessionExpiryInterval: 100,
      responseInformation: "replies/",
    });
  });

  test("leave out Response Information unless it is asked for [MQTT-3.1.2-28]", async () => {
    const server = await startServer({ responseInformation: "replies/" });
    for (const properties of [{}, { requestResponseInformation: 0 }]) {
      const connack = await new TestClient(server).connect({ properties });
      expect(connack?.properties.responseInformation).toBeUndefined();
    }
  });

  test("refuse a will beyond them [MQTT-3.2.2-12] [MQTT-3.2.2-13]", async () => {
    const server = await startServer({ maximumQos: 1, retainAvailable: false });
    const reasons: unknown[] = [];
    for (const beyond of [
      { ...will, qos: 2 },
      { ...will, retain: true },
    ] as const) {
      const client = new TestClient(server);
      reasons.push((await client.connect({ will: beyond }))?.reason, client.isEnded);
    }

    expect(reasons).toEqual([0x9b, true, 0x9a, true]);
  });

  test("still allow a SUBSCRIBE of any QoS, which grants less [MQTT-3.2.2-10]", async () => {
    const client = await connected(await startServer({ maximumQos: 0 }));

    expect(await client.subscribe("a", 2)).toMatchObject([{ type: "suback", reasons: [0] }]);
  });

  test("end the connection of a client that passes them [MQTT-3.2.2-11] [MQTT-3.2.2-14] [MQTT-3.2.2-15]", async () => {
    const server = await startServer({ maximumQos: 1, retainAvailable: false, maxPacketBytes: 100 });
    const acts: readonly ((client: TestClient) => void)[] = [
      (client) => client.publish("a", "", { qos: 2, packetId: 1 }),
      (client) => client.publish("a", "x", { retain: true }),
      (client) => client.publish("a", "x".repeat(100)),
    ];
    const reasons: unknown[] = [];
    for (const act of acts) {
      const client = await connected(server);
      act(client);
      reasons.push(client.take().at(-1));
      expect(client.isEnded).toBe(true);
    }

    expect(reasons).toMatchObject([{ reason: 0x9b }, { reason: 0x9a }, { reason: 0x95 }]);
  });

  test("leave out what explains when the client accepts no packet so large [MQTT-3.2.2-19] [MQTT-3.2.2-20]", async () => {
    const server = await startServer({}, { authority: closedAuthority });
    const client = new TestClient(server);

    const connack = await client.connect({ properties: { maximumPacketSize: 10 } });

    expect(connack).toMatchObject({ reason: 0x86, properties: {} });
  });
});

describe("a keep alive", () => {
  test("of a client that is silent for one and a half times as long ends its connection [MQTT-3.1.2-22], MQTT 3.1.1 [MQTT-3.1.2-24]", async () => {
    for (const version of [4, 5] as const) {
      const server = await startServer();
      const client = await connected(server, { keepAlive: 10 }, version);
      client.take();
      server.clock.advance(15_000);
      client.connection.tick(server.clock.now());
      expect(client.isEnded).toBe(false);

      server.clock.advance(1);
      client.connection.tick(server.clock.now());

      expect(client.isEnded).toBe(true);
      expect(client.take()).toMatchObject(version === 5 ? [{ type: "disconnect", reason: 0x8d }] : []);
    }
  });

  test("is kept by any packet, and PINGREQ is answered with PINGRESP [MQTT-3.12.4-1], MQTT 3.1.1 [MQTT-3.12.4-1]", async () => {
    const server = await startServer();
    const client = await connected(server, { keepAlive: 10 });
    for (let turn = 0; turn < 5; turn++) {
      server.clock.advance(14_000);
      client.connection.tick(server.clock.now());
      client.send({ type: "pingreq" });
    }

    expect(client.take().map(({ type }) => type)).toEqual(Array.from({ length: 5 }, () => "pingresp"));
    expect(client.isEnded).toBe(false);
  });

  test("of 0 never ends a connection, and the client's is used unless ours is told [MQTT-3.2.2-21] [MQTT-3.2.2-22]", async () => {
    const server = await startServer();
    const client = await connected(server, { keepAlive: 0 });
    server.clock.advance(100_000_000);
    client.connection.tick(server.clock.now());
    expect(client.isEnded).toBe(false);

    const limited = await startServer({ maxKeepAlive: 20 });
    const bound = await connected(limited, { keepAlive: 0 });
    limited.clock.advance(30_001);
    bound.connection.tick(limited.clock.now());
    expect(bound.isEnded).toBe(true);
  });

  test("is not asked of a client that we do not read from", async () => {
    const server = await startServer();
    const client = await connected(server, { keepAlive: 10 });
    client.publish("a", "b");
    server.broker.pressure.raise("memory");
    expect(client.transport.isPaused).toBe(true);

    server.clock.advance(60_000);
    client.connection.tick(server.clock.now());
    server.broker.pressure.ease("memory");

    expect([client.isEnded, client.transport.isPaused]).toEqual([false, false]);
  });
});

const closedAuthority: Authority = {
  ...OPEN_AUTHORITY,
  connect: () => Promise.reject(new BrokerError("bad-credentials", "unknown user, whoever it may be")),
};

function connectPacket(version: 3 | 4 | 5, more: Partial<Connect>): Connect {
  return {
    type: "connect",
    version,
    cleanStart: true,
    keepAlive: 0,
    properties: {},
    clientId: "client",
    will: undefined,
    userName: undefined,
    password: undefined,
    ...more,
  };
}
