import { connect, type Socket } from "node:net";
import { within } from "../clients/inbox.ts";

export interface StompFrame {
  readonly command: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** STOMP 1.2 as far as text without escapes goes, frame by frame and as fast as they come. */
export class ReceiptClient {
  readonly #socket: Socket;
  #take: (frame: StompFrame) => void = () => undefined;
  #unread = "";

  static async connect(url: string, take: (frame: StompFrame) => void): Promise<ReceiptClient> {
    const { hostname, port } = new URL(url);
    const client = new ReceiptClient(connect(Number(port), hostname));
    const connected = new Promise<void>((resolve) => {
      client.#take = ({ command }): void => {
        if (command === "CONNECTED") resolve();
      };
    });
    client.send("CONNECT", { "accept-version": "1.2", host: "/", login: "guest", passcode: "guest" });
    await within(connected, "stomp connect");
    client.#take = take;
    return client;
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("latin1").on("data", (text) => this.#cut(String(text)));
    socket.on("error", () => undefined);
  }

  send(command: string, headers: Readonly<Record<string, string>>, body = ""): void {
    const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}`);
    this.#socket.write(`${[command, ...lines].join("\n")}\n\n${body}\0`);
  }

  close(): void {
    this.#socket.destroy();
  }

  #cut(text: string): void {
    const frames = (this.#unread + text).split("\0");
    this.#unread = frames.pop() ?? "";
    for (const frame of frames) this.#take(parse(frame.trimStart()));
  }
}

function parse(frame: string): StompFrame {
  const end = frame.indexOf("\n\n");
  const [command = "", ...lines] = frame.slice(0, end).split("\n");
  const headers = lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]);
  return { command, headers: Object.fromEntries(headers), body: frame.slice(end + 2) };
}
