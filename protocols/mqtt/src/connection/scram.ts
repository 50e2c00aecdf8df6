import { createHash, createHmac, pbkdf2, timingSafeEqual } from "node:crypto";
import { BrokerError } from "@dragoman/core";
import type {
  AuthenticationExchange,
  AuthenticationMethod,
  AuthenticationStep,
} from "./enhanced-authentication.ts";

/** What a server keeps of a password, RFC 5802 §3: enough to check a proof, not to give one. */
export interface ScramCredential {
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

export interface ScramOptions {
  /** The credential of a user; undefined when there is no such user. */
  readonly find: (user: string) => Promise<ScramCredential | undefined>;
  /** The server's part of the nonce: printable ASCII without a comma. Random by default. */
  readonly nonce?: () => string;
}

/** RFC 7677 §4 asks for this many at least. */
const standardIterations = 4_096;

/** SCRAM-SHA-256 without channel binding, RFC 5802 and RFC 7677, for enhanced authentication: MQTT 5.0 §4.12. */
export function scramSha256({ find, nonce = randomNonce }: ScramOptions): AuthenticationMethod {
  // Unknown users get a salt as well, the same each time, so that the answer does not tell that they are unknown.
  const secret = crypto.getRandomValues(new Uint8Array(32));
  return {
    name: "SCRAM-SHA-256",
    begin: () => new ScramExchange(async (user) => (await find(user)) ?? pretend(user, secret), nonce),
  };
}

/** The credential for a password. Slow on purpose. */
export async function scramCredential(
  password: string,
  salt: Uint8Array = crypto.getRandomValues(new Uint8Array(16)),
  iterations: number = standardIterations,
): Promise<ScramCredential> {
  const salted = await new Promise<Buffer>((resolve, reject) => {
    pbkdf2(password, salt, iterations, 32, "sha256", (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
  const storedKey = createHash("sha256").update(hmac(salted, "Client Key")).digest();
  return { salt, iterations, storedKey, serverKey: hmac(salted, "Server Key") };
}

interface Begun {
  readonly user: string;
  readonly credential: ScramCredential;
  /** `c=` of the last message: the header of the first, in base64. */
  readonly binding: string;
  readonly nonce: string;
  /** The first two parts of what is signed. */
  readonly signed: string;
}

class ScramExchange implements AuthenticationExchange {
  readonly #find: (user: string) => Promise<ScramCredential>;
  readonly #makeNonce: () => string;
  #begun: Begun | undefined;

  constructor(find: (user: string) => Promise<ScramCredential>, makeNonce: () => string) {
    this.#find = find;
    this.#makeNonce = makeNonce;
  }

  async next(data: Uint8Array): Promise<AuthenticationStep> {
    const message = Buffer.from(data).toString("utf8");
    return this.#begun === undefined ? this.#first(message) : this.#last(message, this.#begun);
  }

  async #first(message: string): Promise<AuthenticationStep> {
    const match = /^(?<header>[ny],[^,]*,)(?<bare>n=(?<name>[^,]*),r=(?<nonce>[!-+\--~]+)(?:,.*)?)$/u.exec(
      message,
    );
    const { header = "", bare = "", name = "", nonce: theirs = "" } = match?.groups ?? {};
    if (match === null) throw new BrokerError("malformed", "no SCRAM client-first-message, RFC 5802 §7");
    const user = name.replaceAll("=2C", ",").replaceAll("=3D", "=");
    if (!["", `a=${name}`].includes(header.slice(2, -1))) {
      throw new BrokerError("not-authorized", "nobody may log in as somebody else");
    }
    const credential = await this.#find(user);
    const nonce = theirs + this.#makeNonce();
    const salt = Buffer.from(credential.salt).toString("base64");
    const answer = `r=${nonce},s=${salt},i=${credential.iterations}`;
    const binding = Buffer.from(header).toString("base64");
    this.#begun = { user, credential, binding, nonce, signed: `${bare},${answer}` };
    return { kind: "continue", data: Buffer.from(answer) };
  }

  #last(message: string, { user, credential, binding, nonce, signed }: Begun): AuthenticationStep {
    const match = /^(?<unproved>c=(?<bound>[^,]*),r=(?<echo>[^,]*)(?:,.*)?),p=(?<proof>[^,]*)$/u.exec(
      message,
    );
    const { unproved = "", bound, echo, proof = "" } = match?.groups ?? {};
    if (match === null) throw new BrokerError("malformed", "no SCRAM client-final-message, RFC 5802 §7");
    const text = `${signed},${unproved}`;
    const signature = hmac(credential.storedKey, text);
    const given = Buffer.from(proof, "base64");
    const key = signature.map((byte, index) => byte ^ (given[index] ?? 0));
    const isProved =
      given.length === signature.length &&
      timingSafeEqual(createHash("sha256").update(key).digest(), credential.storedKey);
    if (bound !== binding || echo !== nonce || !isProved) {
      throw new BrokerError("bad-credentials", "the proof is wrong, or the user unknown");
    }
    const verifier = hmac(credential.serverKey, text).toString("base64");
    return { kind: "done", user, data: Buffer.from(`v=${verifier}`) };
  }
}

/** A credential that no proof fits. */
function pretend(user: string, secret: Uint8Array): ScramCredential {
  return {
    salt: hmac(secret, user).subarray(0, 16),
    iterations: standardIterations,
    storedKey: crypto.getRandomValues(new Uint8Array(32)),
    serverKey: secret,
  };
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function randomNonce(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(18))).toString("base64");
}
