import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OPEN_AUTHORITY } from "@dragoman/core";
import { connectAsync, type IPublishPacket } from "mqtt";
import { connect as connectAmqp } from "amqplib";
import { Client } from "@stomp/stompjs";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { type BrokerOptions, createBroker, type IncomingMessage, type RunningBroker } from "./index.ts";

let broker: RunningBroker;

afterEach(() => broker.close());

async function start(options: BrokerOptions = {}): Promise<RunningBroker> {
  broker = await createBroker(options);
  return broker;
}

/** The first message that the filter selects. */
function nextMessage(filter: string): Promise<IncomingMessage> {
  return new Promise((resolve) => {
    const stop = broker.subscribe(filter, (message) => {
      stop();
      resolve(message);
    });
  });
}

describe("createBroker", () => {
  it("speaks every protocol on one free port, to clients of each", async () => {
    await start();
    const port = new URL(broker.url("mqtt")).port;
    expect(new URL(broker.url("stomp")).port).toBe(port);
    expect(new URL(broker.url("amqp")).port).toBe(port);

    const device = await connectAsync(broker.url("mqtt"), { protocolVersion: 5 });
    const worker = await connectAmqp(broker.url("amqp"));
    const channel = await worker.createChannel();
    const { queue } = await channel.assertQueue("", { exclusive: true });
    await channel.bindQueue(queue, "amq.topic", "sensors.#");
    const page = new Client({
      brokerURL: `${broker.url("ws")}/stomp`,
      webSocketFactory: () => new WebSocket(`${broker.url("ws")}/stomp`, ["v12.stomp"]),
    });
    const subscribed = new Promise<string>((resolve) => {
      page.onConnect = () => {
        page.subscribe("/topic/sensors.kitchen", (message) => resolve(message.body), { receipt: "r" });
        page.watchForReceipt("r", () => void device.publishAsync("sensors/kitchen", "21.5", { qos: 1 }));
      };
    });
    const consumed = new Promise<string>((resolve) => {
      void channel.consume(queue, (message) => resolve(String(message?.content)), { noAck: true });
    });
    page.activate();

    expect(await subscribed).toBe("21.5");
    expect(await consumed).toBe("21.5");

    await page.deactivate();
    await worker.close();
    await device.endAsync();
  });

  it("reports what is wrong with its options in one error", async () => {
    broker = await createBroker();

    await expect(createBroker({ maxConnections: 0, users: [{ name: "a" }] })).rejects.toThrow(
      /options: maxConnections is 0; want .*\n.*options: users\[0\]\.password is missing/,
    );
  });

  it("lets in whom the configuration names, and nobody else", async () => {
    await start({ users: [{ name: "ann", password: "secret" }] });

    await expect(connectAsync(broker.url("mqtt"), { reconnectPeriod: 0 })).rejects.toThrow(/not authorized/i);
    const ann = await connectAsync(broker.url("mqtt"), { username: "ann", password: "secret" });
    await ann.endAsync();
    expect(ann.connected).toBe(false);
  });

  it("takes an authority of the program's own", async () => {
    await start({ host: "0.0.0.0", authority: OPEN_AUTHORITY });

    const client = await connectAsync(broker.url("mqtt"), { username: "anybody", password: "x" });
    await client.endAsync();
    expect(client.connected).toBe(false);
  });

  it("refuses guest and anonymous from anywhere while it is exposed and has no users", async () => {
    await start({ host: "0.0.0.0" });
    const login = { username: "guest", password: "guest", reconnectPeriod: 0 };

    await expect(connectAsync(broker.url("mqtt"), login)).rejects.toThrow(/not authorized/i);
    await expect(connectAsync(broker.url("mqtt"), { reconnectPeriod: 0 })).rejects.toThrow(/not authorized/i);
  });

  it("keeps what is durable in its data directory, which nobody else may use meanwhile", async () => {
    const dataDir = mkdtempSync(join(tmpdir(), "dragoman-"));
    await start({ dataDir });
    await broker.publish({ topic: "state", body: "kept", retain: true });
    await expect(createBroker({ dataDir })).rejects.toThrow(/in use/);

    await broker.close();
    await start({ dataDir });

    await expect(nextMessage("state")).resolves.toMatchObject({ body: Buffer.from("kept"), retained: true });
    await broker.close();
    rmSync(dataDir, { recursive: true });
  });

  it("takes nothing more from the program once it is closed: nothing would keep it", async () => {
    await start();
    const closed = broker.close();

    await expect(broker.publish({ topic: "a", body: "x" })).rejects.toMatchObject({ code: "shutdown" });
    await closed;
    await expect(broker.publish({ topic: "a", body: "x" })).rejects.toMatchObject({ code: "shutdown" });
    expect(() => broker.subscribe("a", () => undefined)).toThrow("closed");
  });

  it("leaves no handle behind", async () => {
    const before = openHandles();

    await start();
    const client = connect(Number(new URL(broker.url("mqtt")).port));
    await once(client, "connect");
    const closed = once(client, "close");
    client.resume();
    await broker.close();
    await closed;

    expect(openHandles()).toBeLessThanOrEqual(before);
  });
});

describe("a program without a socket", () => {
  it("gets what it publishes, with all that belongs to it", async () => {
    await start();
    const arrived = nextMessage("orders/+");

    const wasRouted = await broker.publish({
      topic: "orders/eu",
      body: "hello",
      contentType: "text/plain",
      contentEncoding: "identity",
      headers: { text: "a", whole: 7, big: 2 ** 40, half: 0.5, yes: true, bytes: Buffer.from([0, 255]) },
      correlationId: "c-1",
      replyTo: { queue: "answers" },
      messageId: "m-1",
      type: "order",
    });

    expect(wasRouted).toBe(true);
    await expect(arrived).resolves.toMatchObject({
      topic: "orders/eu",
      body: Buffer.from("hello"),
      contentType: "text/plain",
      contentEncoding: "identity",
      headers: { text: "a", whole: 7, big: 2 ** 40, half: 0.5, yes: true, bytes: Buffer.from([0, 255]) },
      correlationId: "c-1",
      replyTo: { queue: "answers" },
      messageId: "m-1",
      type: "order",
      retained: false,
    });
  });

  it("is told when nobody is there, and when there is no such exchange", async () => {
    await start();

    await expect(broker.publish({ topic: "a" })).resolves.toBe(false);
    await expect(broker.publish({ exchange: "absent", routingKey: "a" })).rejects.toMatchObject({
      code: "not-found",
    });
  });

  it("gets retained messages at once, and none that have expired", async () => {
    await start();
    await broker.publish({ topic: "state/a", body: "on", retain: true });
    await broker.publish({ topic: "state/b", body: "off", retain: true, expiresInMs: 0 });

    await expect(nextMessage("state/#")).resolves.toMatchObject({ topic: "state/a", retained: true });
  });

  it.each(["", "a/#/b", "a+"])("is refused the filter '%s'", async (filter) => {
    await start();

    expect(() => broker.subscribe(filter, () => undefined)).toThrow(/not a topic filter/);
  });

  it("handles one message at a time, and goes on after a handler that fails", async () => {
    await start();
    const seen: string[] = [];
    const done = new Promise<void>((resolve) => {
      broker.subscribe("a", async ({ body }) => {
        seen.push(`begin ${String(body)}`);
        await new Promise(setImmediate);
        seen.push(`end ${String(body)}`);
        if (String(body) === "2") resolve();
        throw new Error("a fault of the program");
      });
    });

    await broker.publish({ topic: "a", body: "1" });
    await broker.publish({ topic: "a", body: "2" });
    await done;

    expect(seen).toStrictEqual(["begin 1", "end 1", "begin 2", "end 2"]);
  });

  it("answers a request of an MQTT 5 client", async () => {
    await start();
    broker.subscribe("double", async ({ body, replyTo, correlationId }) => {
      if (replyTo) await broker.publish({ ...replyTo, body: String(Number(body) * 2), correlationId });
    });
    const client = await connectAsync(broker.url("mqtt"), { protocolVersion: 5 });
    await client.subscribeAsync("answers/1");
    const answer = new Promise<IPublishPacket>((resolve) => {
      client.once("message", (_topic, _body, packet) => resolve(packet));
    });

    await client.publishAsync("double", "21", {
      properties: { responseTopic: "answers/1", correlationData: Buffer.from([1, 2]) },
    });
    const { topic, payload, properties } = await answer;

    expect([topic, String(payload)]).toStrictEqual(["answers/1", "42"]);
    expect(properties?.correlationData).toStrictEqual(Buffer.from([1, 2]));
    await client.endAsync();
  });
});

function openHandles(): number {
  return process.getActiveResourcesInfo().filter((name) => !isOfTests(name)).length;
}

/** What the test runner and the clients' libraries hold, which is no business of the broker. */
function isOfTests(name: string): boolean {
  return ["MessagePort", "PipeWrap", "TTYWrap", "FSReqCallback", "FSReqPromise", "Immediate"].includes(name);
}
