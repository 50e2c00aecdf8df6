import { createHmac, randomBytes, scrypt, type ScryptOptions, timingSafeEqual } from "node:crypto";

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

/** False for a text that starts as a hashed password does, but cannot be verified. */
export function isWellFormed(password: string): boolean {
  if (!password.startsWith(PREFIX)) return true;
  const [, N, r, p] = HASHED.exec(password)?.map(Number) ?? [];
  if (N === undefined || r === undefined || p === undefined) return false;
  const isPowerOfTwo = N > 1 && Number.isInteger(Math.log2(N));
  return isPowerOfTwo && r > 0 && p > 0 && p <= 16 && 128 * N * r < MAX_MEMORY_BYTES;
}

/**
 * One user's secret. What proved right once is recognised without the expensive hash afterwards, so that
 * a thousand devices that reconnect do not cost a minute of computing.
 */
export class Password {
  readonly #hashed: RegExpExecArray | null;
  /** Keys the digest that is kept in memory, so that equal passwords do not look alike. */
  readonly #key = randomBytes(32);
  #known: Buffer | undefined;

  /** @param text plain, or as `hashPassword` returns it */
  constructor(text: string) {
    this.#hashed = HASHED.exec(text);
    if (this.#hashed === null) this.#known = this.#digest(Buffer.from(text));
  }

  async verify(offered: Uint8Array): Promise<boolean> {
    const digest = this.#digest(offered);
    if (this.#known !== undefined && timingSafeEqual(digest, this.#known)) return true;
    if (this.#hashed === null) return false;
    const [, N, r, p, salt, wanted] = this.#hashed;
    const want = Buffer.from(wanted ?? "", "base64url");
    const cost = { N: Number(N), r: Number(r), p: Number(p) };
    const got = await derive(offered, Buffer.from(salt ?? "", "base64url"), cost, want.length);
    const isRight = timingSafeEqual(got, want);
    if (isRight) this.#known = digest;
    return isRight;
  }

  #digest(offered: Uint8Array): Buffer {
    return createHmac("sha256", this.#key).update(offered).digest();
  }
}

function derive(password: Uint8Array, salt: Buffer, cost: ScryptOptions, bytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, bytes, { ...cost, maxmem: 2 * MAX_MEMORY_BYTES }, (error, hash) => {
      if (error === null) resolve(hash);
      else reject(error);
    });
  });
}
