import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A client of STOMP 1.2 over text: what it sends and what it gets is what a test writes and reads. */
export class RawStomp {
  readonly #socket: Socket;
  /** What the broker answered to CONNECT. */
  connected = "";
  #text = "";
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (chunk) => {
      this.#text += String(chunk);
      this.#wake();
    });
    socket.on("error", () => undefined);
  }

  /** The session is open when this returns. */
  static async connect(url: string, headers: Readonly<Record<string, string>> = {}): Promise<RawStomp> {
    const { port, hostname } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    const client = new RawStomp(socket);
    client.send("CONNECT", { "accept-version": "1.2", host: "/", ...headers });
    client.connected = await client.next("CONNECTED");
    return client;
  }

  send(command: string, headers: Readonly<Record<string, string>> = {}, body = ""): void {
    const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
    this.#socket.write(`${command}\n${lines.join("")}\n${body}\0`, "latin1");
  }

  /** Sends a frame and waits for its receipt, or for the error that comes instead. */
  async ask(command: string, headers: Readonly<Record<string, string>>, body = ""): Promise<string> {
    this.send(command, { ...headers, receipt: "asked" }, body);
    return await this.next(/^(?:RECEIPT|ERROR)/);
  }

  /** The next frame that begins so, without its NUL; what came before it is gone. */
  async next(beginning: string | RegExp): Promise<string> {
    for (;;) {
      const end = this.#text.indexOf("\0");
      if (end < 0) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      const frame = this.#text.slice(0, end).trimStart();
      this.#text = this.#text.slice(end + 1);
      if (typeof beginning === "string" ? frame.startsWith(beginning) : beginning.test(frame)) return frame;
    }
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
