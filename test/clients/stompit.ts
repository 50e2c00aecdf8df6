import stompit, { type Client, type Message } from "stompit";
import { bytesText } from "./bytes-text.ts";
import { Inbox, within } from "./inbox.ts";
import type { StompArrival } from "./stompjs.ts";

async function bodyOf(message: Message): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(Buffer.from(chunk));
  return bytesText(Buffer.concat(chunks));
}

/** The npm client `stompit`, over TCP; it agrees on the highest version it knows. */
export class Stompit {
  readonly client: Client;
  #subscriptions = 0;

  static async connect(url: string, headers: Record<string, string> = {}): Promise<Stompit> {
    const { hostname, port } = new URL(url);
    const connectHeaders = { host: "/", login: "guest", passcode: "guest", ...headers };
    const connecting = new Promise<Client>((resolve, reject) => {
      stompit.connect({ host: hostname, port: Number(port), connectHeaders }, (error, client) => {
        if (error === null) resolve(client);
        else reject(error);
      });
    });
    return new Stompit(await within(connecting, "stompit connect"));
  }

  private constructor(client: Client) {
    this.client = client;
    client.on("error", () => {});
  }

  /** Resolves with the RECEIPT. */
  async send(
    destination: string,
    body: string | Buffer,
    headers: Record<string, string> = {},
  ): Promise<void> {
    const bytes = Buffer.from(body);
    const sent = new Promise<void>((resolve) => {
      const all = { destination, "content-length": String(bytes.length), ...headers };
      const frame = this.client.send(all, { onReceipt: resolve });
      frame.end(bytes);
    });
    await within(sent, `stompit SEND ${destination}`);
  }

  async subscribe(destination: string, headers: Record<string, string> = {}): Promise<Inbox<StompArrival>> {
    const inbox = new Inbox<StompArrival>(`stompit ${destination}`);
    const id = `sub-${++this.#subscriptions}`;
    this.client.subscribe({ id, destination, ...headers }, (error, message) => {
      if (error !== null) {
        inbox.end(error.message);
        return;
      }
      const settle: StompArrival["settle"] = (how) => {
        if (how === "ack") this.client.ack(message);
        else this.client.nack(message);
      };
      void bodyOf(message).then((body) => {
        inbox.push({ body, headers: { ...message.headers }, settle });
      });
    });
    // Frames are handled in order: the answer to this one says that the subscription stands.
    const begun = new Promise<void>((resolve) => {
      this.client.sendFrame("BEGIN", { transaction: id }, { onReceipt: resolve }).end();
    });
    await within(begun, `stompit SUBSCRIBE ${destination}`);
    return inbox;
  }

  async close(): Promise<void> {
    const done = new Promise<void>((resolve) => {
      this.client.disconnect(() => {
        resolve();
      });
    });
    await within(done, "stompit disconnect");
  }
}
