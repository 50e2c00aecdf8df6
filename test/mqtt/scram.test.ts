import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import { createBroker, type RunningBroker } from "dragoman";
import type { IAuthPacket, Packet } from "mqtt-packet";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { RawMqtt } from "../clients/raw-mqtt.ts";

const method = "SCRAM-SHA-256";
// As "dragoman hash-password --scram" printed it for the password "pencil".
const stored =
  "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

let broker: RunningBroker;
const clients: RawMqtt[] = [];

beforeEach(async () => {
  broker = await createBroker({
    users: [
      { name: "plain", password: "pencil" },
      { name: "hashed", password: stored },
      {
        name: "guarded",
        password: "pencil",
        permissions: [{ virtualHost: "/", publish: { topics: ["own/#"] } }],
      },
      { name: "elsewhere", password: "pencil", permissions: [{ virtualHost: "other" }] },
    ],
  });
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await broker.close();
});

/** A client of RFC 5802, written for this test alone. */
class ScramClient {
  readonly first: string;
  readonly #password: string;
  readonly #bare: string;

  constructor(user: string, password: string) {
    this.#password = password;
    this.#bare = `n=${user},r=${randomBytes(12).toString("hex")}`;
    this.first = `n,,${this.#bare}`;
  }

  /** The last message, and the proof that the server has to answer with. */
  answer(challenge: string): { readonly last: string; readonly verifier: string } {
    const [, nonce = "", salt = "", iterations = ""] = /^r=(.*),s=(.*),i=(.*)$/.exec(challenge) ?? [];
    const salted = pbkdf2Sync(this.#password, Buffer.from(salt, "base64"), Number(iterations), 32, "sha256");
    const unproved = `c=biws,r=${nonce}`;
    const signed = `${this.#bare},${challenge},${unproved}`;
    const clientKey = hmac(salted, "Client Key");
    const signature = hmac(createHash("sha256").update(clientKey).digest(), signed);
    const proof = Buffer.from(clientKey.map((byte, at) => byte ^ (signature[at] ?? 0))).toString("base64");
    const verifier = `v=${hmac(hmac(salted, "Server Key"), signed).toString("base64")}`;
    return { last: `${unproved},p=${proof}`, verifier };
  }
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function auth(reasonCode: number, data: string): IAuthPacket {
  const properties = { authenticationMethod: method, authenticationData: Buffer.from(data) };
  return { cmd: "auth", reasonCode, properties };
}

const dataOf = (packet: Packet): string =>
  "properties" in packet && packet.properties !== undefined && "authenticationData" in packet.properties
    ? String(packet.properties.authenticationData)
    : "";

/** Goes through the exchange; the last packet is the CONNACK, whatever it says. */
async function logIn(
  user: string,
  password: string,
): Promise<{ readonly client: RawMqtt; readonly connack: Packet; readonly verifier: string }> {
  const scram = new ScramClient(user, password);
  const properties = { authenticationMethod: method, authenticationData: Buffer.from(scram.first) };
  const client = RawMqtt.begin(broker.url("mqtt"), 5, { properties });
  clients.push(client);
  const { last, verifier } = scram.answer(dataOf(await client.packets.next(({ cmd }) => cmd === "auth")));
  client.send(auth(0x18, last));
  return { client, connack: await client.packets.next(({ cmd }) => cmd === "connack"), verifier };
}

describe("SCRAM-SHA-256", () => {
  test.each(["plain", "hashed"])(
    "lets in a user whose password is %s, and proves the broker",
    async (user) => {
      const { connack, verifier } = await logIn(user, "pencil");

      expect(connack).toMatchObject({ reasonCode: 0, properties: { authenticationMethod: method } });
      expect(dataOf(connack)).toBe(verifier);
    },
  );

  test.each([
    ["plain", "pen", 0x86],
    ["nobody", "pencil", 0x86],
    ["elsewhere", "pencil", 0x87],
  ])("refuses '%s' with '%s'", async (user, password, reasonCode) => {
    const { connack } = await logIn(user, password);

    expect(connack).toMatchObject({ reasonCode });
  });

  test("gives the user its own permissions", async () => {
    const { client } = await logIn("guarded", "pencil");
    const publish = { cmd: "publish", payload: "x", qos: 1, dup: false, retain: false } as const;
    client.send({ ...publish, topic: "own/a", messageId: 1 });
    client.send({ ...publish, topic: "other", messageId: 2 });

    const answers = [await client.packets.next(), await client.packets.next()];

    expect(answers).toMatchObject([
      { cmd: "puback", messageId: 1, reasonCode: 0x10 },
      { cmd: "puback", messageId: 2, reasonCode: 0x87 },
    ]);
  });

  test("is asked again while the client is connected", async () => {
    const { client } = await logIn("hashed", "pencil");
    const again = new ScramClient("hashed", "pencil");
    client.send(auth(0x19, again.first));
    const { last, verifier } = again.answer(dataOf(await client.packets.next(({ cmd }) => cmd === "auth")));
    client.send(auth(0x18, last));

    const answer = await client.packets.next();

    expect(answer).toMatchObject({ cmd: "auth", reasonCode: 0 });
    expect(dataOf(answer)).toBe(verifier);
  });
});
