import type { ScramCredential } from "@dragoman/mqtt";

/** How a password begins that is kept as SCRAM-SHA-256 wants it. */
export const SCRAM_PREFIX = "SCRAM-SHA-256$";

/** RFC 5803, as PostgreSQL writes it too: iterations, salt, StoredKey and ServerKey. */
const FORM = /^SCRAM-SHA-256\$(\d{1,7}):([\w+/]+=*)\$([\w+/]{43}=):([\w+/]{43}=)$/;

/** RFC 7677 §4 asks for so many at least. */
const LEAST_ITERATIONS = 4_096;

export function formatScram({ iterations, salt, storedKey, serverKey }: ScramCredential): string {
  return `${SCRAM_PREFIX}${iterations}:${base64(salt)}$${base64(storedKey)}:${base64(serverKey)}`;
}

/** Undefined for a text that is not of this form. */
export function parseScram(text: string): ScramCredential | undefined {
  const [, iterations, salt = "", storedKey = "", serverKey = ""] = FORM.exec(text) ?? [];
  if (Number(iterations) >= LEAST_ITERATIONS) {
    return {
      iterations: Number(iterations),
      salt: Buffer.from(salt, "base64"),
      storedKey: Buffer.from(storedKey, "base64"),
      serverKey: Buffer.from(serverKey, "base64"),
    };
  }
  return undefined;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
