import { readFileSync } from "node:fs";
import { type ChannelModel, connect, credentials } from "amqplib";
import { createBroker, type RunningBroker } from "dragoman";
import { afterEach, expect, test } from "vitest";

const certFile = new URL("../../packages/server/src/testing/localhost.pem", import.meta.url).pathname;
const keyFile = new URL("../../packages/server/src/testing/localhost-key.pem", import.meta.url).pathname;
/** It has signed itself, so that it is also the authority that clients' certificates must come from. */
const cert = readFileSync(certFile);
const key = readFileSync(keyFile);

let broker: RunningBroker | undefined;
const connections: ChannelModel[] = [];

afterEach(async () => {
  for (const connection of connections.splice(0)) await connection.close();
  await broker?.close();
});

async function start(users: readonly string[], clientCaFile?: string): Promise<string> {
  broker = await createBroker({
    listeners: [{ port: 0, tls: { certFile, keyFile, clientCaFile } }],
    users: users.map((name) => ({ name, password: "never sent" })),
    virtualHosts: ["staging"],
  });
  return broker.url("amqp").replace("127.0.0.1", "localhost");
}

async function logIn(url: string): Promise<ChannelModel> {
  const socket = { ca: [cert], cert, key, credentials: credentials.external() };
  const connection = await connect(url, socket);
  connections.push(connection);
  return connection;
}

test.each(["", "/staging"])("EXTERNAL logs in who the certificate names, in '%s'", async (virtualHost) => {
  const url = await start(["localhost"], certFile);
  const channel = await (await logIn(url + virtualHost)).createChannel();
  await channel.assertQueue("q");
  channel.sendToQueue("q", Buffer.from("hello"), { userId: "localhost" });

  const message = await channel.get("q", { noAck: true });
  expect(message && message.content.toString()).toBe("hello");
});

test("EXTERNAL refuses a certificate that names no user: 403", async () => {
  await expect(logIn(await start(["somebody"], certFile))).rejects.toThrow(/403/);
});

test("EXTERNAL is not offered where no certificate is asked for", async () => {
  await expect(logIn(await start(["localhost"]))).rejects.toThrow(/EXTERNAL/);
});
