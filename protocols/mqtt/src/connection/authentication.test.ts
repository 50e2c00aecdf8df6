import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Auth } from "../codec/auth.ts";
import { settle, TestClient } from "../testing/test-client.ts";
import { connected, startServer, type StartedServer } from "../testing/test-server.ts";
import { type ScramCredential, scramCredential, scramSha256 } from "./scram.ts";

const method = "SCRAM-SHA-256";
const utf8 = (text: string): Buffer => Buffer.from(text);

// The example of RFC 7677 §3.
const example = {
  salt: Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64"),
  serverNonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
  first: "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
  challenge: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
  last: "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
  verifier: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
};

async function startScram(): Promise<StartedServer> {
  const credential = await scramCredential("pencil", example.salt, 4_096);
  const find = (user: string): Promise<ScramCredential | undefined> =>
    Promise.resolve(user === "user" || user === "twin" ? credential : undefined);
  return startServer({ authenticationMethods: [scramSha256({ find, nonce: () => example.serverNonce })] });
}

/** The last message of the example's client, under another name. */
function proofOf(name: string, { first, challenge, last, salt }: typeof example): string {
  const salted = pbkdf2Sync("pencil", salt, 4_096, 32, "sha256");
  const key = createHmac("sha256", salted).update("Client Key").digest();
  const unproved = last.slice(0, last.indexOf(",p="));
  const text = `${first.slice(3).replace("n=user", name)},${challenge},${unproved}`;
  const stored = createHash("sha256").update(key).digest();
  const signature = createHmac("sha256", stored).update(text).digest();
  return `${unproved},p=${Buffer.from(key.map((byte, at) => byte ^ (signature[at] ?? 0))).toString("base64")}`;
}

async function exchange(
  client: TestClient,
  reason: Auth["reason"],
  data: string,
  name = method,
): Promise<unknown[]> {
  client.send({
    type: "auth",
    reason,
    properties: { authenticationMethod: name, authenticationData: utf8(data) },
  });
  await settle();
  return client.take();
}

async function begin(
  server: StartedServer,
  data = example.first,
  name = method,
): Promise<[TestClient, unknown[]]> {
  const client = new TestClient(server);
  client.send({
    type: "connect",
    version: 5,
    cleanStart: true,
    keepAlive: 60,
    properties: { authenticationMethod: name, authenticationData: utf8(data) },
    clientId: "client",
    will: undefined,
    userName: undefined,
    password: undefined,
  });
  await settle();
  return [client, client.take()];
}

function authOf(reason: number, data: string): object {
  return {
    type: "auth",
    reason,
    properties: { authenticationMethod: method, authenticationData: utf8(data) },
  };
}

describe("enhanced authentication", () => {
  test("exchanges AUTH packets until the client has proved itself [MQTT-4.12.0-2] [MQTT-4.12.0-3] [MQTT-4.12.0-5] [MQTT-3.15.2-1]", async () => {
    const server = await startScram();
    const [client, challenge] = await begin(server);
    expect(challenge).toEqual([authOf(0x18, example.challenge)]);

    const answer = await exchange(client, 0x18, example.last);

    expect(answer).toMatchObject([
      {
        type: "connack",
        reason: 0,
        properties: { authenticationMethod: method, authenticationData: utf8(example.verifier) },
      },
    ]);
    expect([...server.broker.clients].map(({ identity }) => identity.user)).toEqual(["user"]);
  });

  test("refuses a wrong proof, an unknown user and what is no SCRAM [MQTT-4.12.0-4]", async () => {
    const server = await startScram();
    const wrong = example.last.replace("dHzb", "dHzc");
    const [first] = await begin(server);
    expect(await exchange(first, 0x18, wrong)).toMatchObject([{ type: "connack", reason: 0x86 }]);
    const [unknown, challenge] = await begin(server, example.first.replace("user", "nobody"));
    expect(challenge).toMatchObject([{ type: "auth", reason: 0x18 }]);
    expect(await exchange(unknown, 0x18, example.last)).toMatchObject([{ type: "connack", reason: 0x86 }]);
    const [, garbage] = await begin(server, "garbage");
    expect(garbage).toMatchObject([{ type: "connack", reason: 0x81 }]);
    expect([first.isEnded, unknown.isEnded, server.broker.clients.size]).toEqual([true, true, 0]);
  });

  test("refuses an unknown method with 0x8c [MQTT-4.12.0-1]", async () => {
    const [client, answer] = await begin(await startScram(), "", "GS2-KRB5");

    expect(answer).toMatchObject([{ type: "connack", reason: 0x8c }]);
    expect(client.isEnded).toBe(true);
  });

  test("accepts nothing but AUTH and DISCONNECT before the CONNACK [MQTT-3.1.2-30]", async () => {
    const server = await startScram();
    const [client] = await begin(server);
    client.send({ type: "pingreq" });
    expect(client.take()).toMatchObject([{ type: "connack", reason: 0x82 }]);

    const [leaver] = await begin(server);
    leaver.send({ type: "disconnect", reason: 0, properties: {} });
    expect([leaver.take(), leaver.isEnded]).toEqual([[], true]);
  });

  test("keeps to one method, and to its turn [MQTT-4.12.0-5] [MQTT-4.12.0-6] [MQTT-4.12.0-7]", async () => {
    const server = await startScram();
    const [other] = await begin(server);
    expect(await exchange(other, 0x18, example.last, "OTHER")).toMatchObject([
      { type: "connack", reason: 0x82 },
    ]);

    const without = await connected(server);
    expect(await exchange(without, 0x18, "x")).toMatchObject([{ type: "disconnect", reason: 0x82 }]);
  });

  test("can be repeated while connected, and a failure ends the connection [MQTT-4.12.1-1] [MQTT-4.12.1-2]", async () => {
    const server = await startScram();
    const [client] = await begin(server);
    await exchange(client, 0x18, example.last);
    expect(await exchange(client, 0x19, example.first)).toEqual([authOf(0x18, example.challenge)]);
    client.send({ type: "pingreq" });
    expect(client.take()).toEqual([{ type: "pingresp" }]);
    expect(await exchange(client, 0x18, example.last)).toEqual([authOf(0x00, example.verifier)]);

    await exchange(client, 0x19, example.first);
    const wrong = example.last.replace("dHzb", "dHzc");
    expect(await exchange(client, 0x18, wrong)).toMatchObject([{ type: "disconnect", reason: 0x87 }]);
    expect(client.isEnded).toBe(true);
  });

  test("is refused to who proves to be another user, or wants to be one", async () => {
    const server = await startScram();
    const [client] = await begin(server);
    await exchange(client, 0x18, example.last);
    await exchange(client, 0x19, example.first.replace("n=user", "n=twin"));
    const proof = proofOf("n=twin", example);
    expect(await exchange(client, 0x18, proof)).toMatchObject([{ type: "disconnect", reason: 0x87 }]);

    const [, answer] = await begin(server, example.first.replace("n,,", "n,a=admin,"));
    expect(answer).toMatchObject([{ type: "connack", reason: 0x87 }]);
  });

  test("must end in time", async () => {
    const server = await startScram();
    const [client] = await begin(server);
    server.clock.advance(20_000);
    client.connection.tick(server.clock.now());

    expect(client.isEnded).toBe(true);
  });
});

test("a credential is what RFC 5802 says of it", async () => {
  const { storedKey, serverKey, salt } = await scramCredential("secret");
  const salted = pbkdf2Sync("secret", salt, 4_096, 32, "sha256");
  const clientKey = createHmac("sha256", salted).update("Client Key").digest();

  expect(storedKey).toEqual(createHash("sha256").update(clientKey).digest());
  expect(serverKey).toEqual(createHmac("sha256", salted).update("Server Key").digest());
});
