import { type Framing, Link } from "../load/link.ts";

/** Opens a WebSocket by hand, so that nothing but a few shifts stands between socket and protocol (RFC 6455). */
export async function openWebSocket(port: number, path: string, subprotocol: string): Promise<Link> {
  const link = await Link.open(port);
  link.write(
    Buffer.from(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n` +
        `Sec-WebSocket-Protocol: ${subprotocol}\r\n\r\n`,
    ),
  );
  const answer = await link.answer(endOfHead);
  if (!answer.toString().startsWith("HTTP/1.1 101")) throw new Error(`no WebSocket: ${answer.toString()}`);
  link.frame(new ClientFraming());
  return link;
}

function endOfHead(bytes: Buffer, end: number): number {
  const blankLine = bytes.subarray(0, end).indexOf("\r\n\r\n");
  return blankLine === -1 ? 0 : blankLine + 4;
}

const BINARY = 0x82;
const mask = [0x37, 0xfa, 0x21, 0x3d] as const;

class ClientFraming implements Framing {
  /** Bytes of the current frame's payload that have not come. */
  #left = 0;
  readonly #header = Buffer.alloc(10);
  #headerBytes = 0;

  wrap(bytes: Uint8Array, count: number): Uint8Array {
    const length = bytes.length / count;
    const head = length < 126 ? 6 : length < 65_536 ? 8 : 14;
    const framed = Buffer.allocUnsafe(bytes.length + count * head);
    let at = 0;
    for (let start = 0; start < bytes.length; start += length) {
      at = putHead(framed, at, length);
      for (let i = 0; i < length; i++) framed[at + i] = (bytes[start + i] ?? 0) ^ (mask[i & 3] ?? 0);
      at += length;
    }
    return framed;
  }

  unwrap(bytes: Buffer, end: number): number {
    let to = 0;
    let from = 0;
    while (from < end) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, end - from);
        if (to !== from) bytes.copyWithin(to, from, from + taken);
        to += taken;
        from += taken;
        this.#left -= taken;
      } else this.#readHeader(bytes[from++] ?? 0);
    }
    return to;
  }

  #readHeader(byte: number): void {
    this.#header[this.#headerBytes++] = byte;
    if (this.#headerBytes < 2) return;
    const short = (this.#header[1] ?? 0) & 127;
    const size = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (this.#headerBytes < size) return;
    this.#left =
      size === 2 ? short : size === 4 ? this.#header.readUInt16BE(2) : this.#header.readUInt32BE(6);
    this.#headerBytes = 0;
    if (((this.#header[0] ?? 0) & 15) > 2) throw new Error("the broker closed or pinged a WebSocket");
  }
}

function putHead(bytes: Buffer, start: number, length: number): number {
  let at = start;
  bytes[at++] = BINARY;
  if (length < 126) bytes[at++] = 0x80 | length;
  else if (length < 65_536) {
    bytes[at++] = 0x80 | 126;
    at = bytes.writeUInt16BE(length, at);
  } else {
    bytes[at++] = 0x80 | 127;
    at = bytes.writeUInt32BE(0, at);
    at = bytes.writeUInt32BE(length, at);
  }
  for (const byte of mask) bytes[at++] = byte;
  return at;
}
