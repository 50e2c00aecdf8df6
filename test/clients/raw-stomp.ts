import { type Socket, connect } from "node:net";
import { bytesText } from "./bytes-text.ts";
import { Inbox, within } from "./inbox.ts";

export interface RawFrame {
  readonly command: string;
  /** Lines as they came: repeats too, escapes not undone. */
  readonly lines: readonly string[];
  readonly body: string;
}

/** STOMP by hand, for what no client library sends or shows: repeated headers, escapes, forbidden bytes. */
export class RawStomp {
  readonly frames: Inbox<RawFrame> = new Inbox("raw stomp");
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  #unread = Buffer.alloc(0);

  static async connect(url: string, version = "1.2", headers: readonly string[] = []): Promise<RawStomp> {
    const raw = await RawStomp.open(url);
    raw.send("CONNECT", [`accept-version:${version}`, "host:/", "login:guest", "passcode:guest", ...headers]);
    await raw.frames.next(({ command }) => command === "CONNECTED");
    return raw;
  }

  /** A connection on which nothing was said yet. */
  static async open(url: string): Promise<RawStomp> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    const raw = new RawStomp(socket);
    const opened = new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    await within(opened, "raw stomp connect");
    return raw;
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk) => {
      this.#unread = Buffer.concat([this.#unread, chunk]);
      this.#cut();
    });
    socket.on("error", () => {});
    this.closed = new Promise((resolve) => {
      socket.once("close", () => {
        this.frames.end("connection closed");
        resolve();
      });
    });
  }

  /** Sends a frame with these header lines, not escaped, and the NUL at its end. */
  send(command: string, lines: readonly string[], body: string | Buffer = ""): void {
    this.write([command, ...lines, "", ""].join("\n"));
    this.write(body);
    this.write("\0");
  }

  write(bytes: string | Buffer): void {
    this.#socket.write(bytes);
  }

  /** The values of one header in a frame, in order. */
  static valuesOf({ lines }: RawFrame, name: string): readonly string[] {
    return lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1));
  }

  close(): void {
    this.#socket.destroy();
  }

  #cut(): void {
    for (;;) {
      let start = 0;
      while (this.#unread[start] === 0x0a || this.#unread[start] === 0x0d) start += 1;
      const headEnd = this.#unread.indexOf("\n\n", start);
      if (headEnd < 0) return;
      const [command = "", ...lines] = this.#unread.toString("utf8", start, headEnd).split("\n");
      const length = lines
        .find((line) => line.startsWith("content-length:"))
        ?.slice("content-length:".length);
      const bodyStart = headEnd + 2;
      const bodyEnd = length === undefined ? this.#unread.indexOf(0, bodyStart) : bodyStart + Number(length);
      if (bodyEnd < 0 || bodyEnd >= this.#unread.length) return;
      this.frames.push({ command, lines, body: bytesText(this.#unread.subarray(bodyStart, bodyEnd)) });
      this.#unread = this.#unread.subarray(bodyEnd + 1);
    }
  }
}
