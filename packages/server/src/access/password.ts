import { createHmac, randomBytes, scrypt, type ScryptOptions, timingSafeEqual } from "node:crypto";
import { type ScramCredential, scramCredential } from "@dragoman/mqtt";
import { Hashing } from "./hashing.ts";
import { formatScram, parseScram, SCRAM_PREFIX } from "./scram-form.ts";

const PREFIX = "$scrypt$";
const COST: Required<Pick<ScryptOptions, "N" | "r" | "p">> = { N: 16_384, r: 8, p: 1 };
const HASH_BYTES = 32;
/** No hash may ask for more memory than this, however it came into the file. */
const MAX_MEMORY_BYTES = 256 * 1024 * 1024;
const HASHED = /^\$scrypt\$N=(\d+),r=(\d+),p=(\d+)\$([\w-]+)\$([\w-]+)$/;

/** The form of a password that may stand in a configuration file: `$scrypt$…`. Takes about 50 ms. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(Buffer.from(password), salt, COST, HASH_BYTES);
  const cost = `N=${COST.N},r=${COST.r},p=${COST.p}`;
  return `${PREFIX}${cost}$${salt.toString("base64url")}$${hash.toString("base64url")}`;
}

/** The form with which its user can also log in by SCRAM-SHA-256: `SCRAM-SHA-256$…`. */
export async function hashPasswordForScram(password: string): Promise<string> {
  return formatScram(await scramCredential(password));
}

/** False for a text that starts as a hashed password does, but cannot be verified. */
export function isWellFormed(password: string): boolean {
  if (password.startsWith(SCRAM_PREFIX)) return parseScram(password) !== undefined;
  return !password.startsWith(PREFIX) || isAffordable(password);
}

/** False too when it would take too much memory to verify. */
function isAffordable(password: string): boolean {
  const [, N, r, p] = HASHED.exec(password)?.map(Number) ?? [];
  if (N === undefined || r === undefined || p === undefined) return false;
  const isPowerOfTwo = N > 1 && Number.isInteger(Math.log2(N));
  return isPowerOfTwo && r > 0 && p > 0 && p <= 16 && 128 * N * r < MAX_MEMORY_BYTES;
}

/** Of all users, and of all brokers of this process: they share its threads. */
const hashing = new Hashing();

/**
 * One user's secret. What proved right once is recognised without the expensive hash afterwards, so that
 * a thousand devices that reconnect do not cost a minute of computing.
 */
export class Password {
  readonly #hashed: RegExpExecArray | null;
  /** Of a plain password it is made when it is first asked for: that takes some milliseconds. */
  #scram: Promise<ScramCredential> | undefined;
  readonly #plain: string | undefined;
  /** Keys the digest that is kept in memory, so that equal passwords do not look alike. */
  readonly #key = randomBytes(32);
  #known: Buffer | undefined;

  /** @param text plain, or as `hashPassword` or `hashPasswordForScram` returns it */
  constructor(text: string) {
    this.#hashed = HASHED.exec(text);
    const scram = parseScram(text);
    if (scram !== undefined) this.#scram = Promise.resolve(scram);
    else if (this.#hashed === null) this.#plain = text;
    if (this.#plain !== undefined) this.#known = this.#digest(Buffer.from(text));
  }

  /** @throws BrokerError "quota" when too many logins are being checked */
  async verify(offered: Uint8Array): Promise<boolean> {
    const digest = this.#digest(offered);
    if (this.#known !== undefined && timingSafeEqual(digest, this.#known)) return true;
    if (this.#plain !== undefined) return false;
    const hashed = this.#hashed;
    const isRight = await hashing.run(() =>
      hashed === null ? this.#fitsScram(offered) : fitsHash(offered, hashed),
    );
    if (isRight) this.#known = digest;
    return isRight;
  }

  /** What SCRAM-SHA-256 needs; undefined for a password that is kept in another hash. */
  scram(): Promise<ScramCredential | undefined> {
    if (this.#plain !== undefined) this.#scram ??= scramCredential(this.#plain);
    return this.#scram ?? Promise.resolve(undefined);
  }

  async #fitsScram(offered: Uint8Array): Promise<boolean> {
    const kept = await this.scram();
    if (kept === undefined) return false;
    const { storedKey } = await scramCredential(Buffer.from(offered).toString(), kept.salt, kept.iterations);
    return timingSafeEqual(storedKey, kept.storedKey);
  }

  #digest(offered: Uint8Array): Buffer {
    return createHmac("sha256", this.#key).update(offered).digest();
  }
}

async function fitsHash(offered: Uint8Array, hash: RegExpExecArray): Promise<boolean> {
  const [, N, r, p, salt, wanted] = hash;
  const want = Buffer.from(wanted ?? "", "base64url");
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  return timingSafeEqual(
    await derive(offered, Buffer.from(salt ?? "", "base64url"), cost, want.length),
    want,
  );
}

function derive(password: Uint8Array, salt: Buffer, cost: ScryptOptions, bytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, bytes, { ...cost, maxmem: 2 * MAX_MEMORY_BYTES }, (error, hash) => {
      if (error === null) resolve(hash);
      else reject(error);
    });
  });
}
