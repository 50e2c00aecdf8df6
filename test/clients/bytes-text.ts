/** Bytes as a table of expectations can write them: text when they are UTF-8, else `hex:…`. */
export function bytesText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return `hex:${Buffer.from(bytes).toString("hex")}`;
  }
}

/** The inverse of {@link bytesText}. */
export function textBytes(text: string): Buffer {
  return text.startsWith("hex:") ? Buffer.from(text.slice(4), "hex") : Buffer.from(text);
}

/** The fields that are there: an absent field has no key, so that a test can ask for its absence. */
export function present(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
