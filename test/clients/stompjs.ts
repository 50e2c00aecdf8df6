import { Client, type IFrame, type IMessage, type IStompSocket, Versions } from "@stomp/stompjs";
import { WebSocket } from "ws";
import { bytesText } from "./bytes-text.ts";
import { Inbox, within } from "./inbox.ts";
import { TcpSocket } from "./tcp-socket.ts";

/** Headers by name, as the client takes and gives them. */
export type StompHeaders = Readonly<Record<string, string>>;

export type StompVersion = "1.0" | "1.1" | "1.2";

export interface StompArrival {
  readonly body: string;
  /** As the client shows them: the first of each name, unescaped. */
  readonly headers: StompHeaders;
  readonly settle: (how: "ack" | "requeue" | "reject") => void;
}

export interface StompJsOptions {
  readonly version?: StompVersion;
  readonly headers?: StompHeaders;
}

function openSocket(url: string, version: StompVersion): IStompSocket {
  const { protocol, hostname, port } = new URL(url);
  if (!protocol.startsWith("ws")) return new TcpSocket(hostname, Number(port));
  const socket = new WebSocket(url, [`v${version.replace(".", "")}.stomp`]);
  socket.binaryType = "arraybuffer";
  return Object.assign(socket, { binaryType: "arraybuffer" });
}

/** The npm client `@stomp/stompjs`, in one version, over WebSocket (`ws://…`) or TCP. */
export class StompJs {
  readonly client: Client;
  readonly connected: IFrame;
  /** The ERROR frame, if the broker sent one. */
  readonly errors: Inbox<{ readonly headers: StompHeaders; readonly body: string }> = new Inbox(
    "stomp ERROR",
  );
  readonly closed: Promise<void>;
  readonly #inboxes: Inbox<StompArrival>[] = [];
  /** Rejects when the broker ends the connection. */
  readonly #failure: Promise<never>;
  #receipts = 0;
  #subscriptions = 0;

  static async connect(
    url: string,
    { version = "1.2", headers = {} }: StompJsOptions = {},
  ): Promise<StompJs> {
    const client = new Client({
      webSocketFactory: () => openSocket(url, version),
      stompVersions: new Versions([version]),
      connectHeaders: { login: "guest", passcode: "guest", ...headers },
      reconnectDelay: 0,
      heartbeatIncoming: 0,
      heartbeatOutgoing: 0,
      forceBinaryWSFrames: true,
    });
    const connected = new Promise<IFrame>((resolve, reject) => {
      client.onConnect = resolve;
      client.onStompError = (frame) => {
        reject(new Error(`ERROR ${frame.headers["message"] ?? ""} ${frame.body}`));
      };
      client.onWebSocketClose = () => {
        reject(new Error("closed before CONNECTED"));
      };
    });
    client.activate();
    return new StompJs(client, await within(connected, "stompjs connect"));
  }

  private constructor(client: Client, connected: IFrame) {
    this.client = client;
    this.connected = connected;
    let fail: ((error: Error) => void) | undefined;
    this.#failure = new Promise((_, reject) => {
      fail = reject;
    });
    this.#failure.catch(() => {});
    client.onStompError = ({ headers, body }) => {
      this.errors.push({ headers, body });
      const what = `ERROR ${headers["message"] ?? ""} ${body}`;
      fail?.(new Error(what));
      for (const inbox of this.#inboxes) inbox.end(what);
    };
    this.closed = new Promise((resolve) => {
      client.onWebSocketClose = () => {
        fail?.(new Error("connection closed"));
        for (const inbox of this.#inboxes) inbox.end("connection closed");
        this.errors.end("connection closed without ERROR");
        resolve();
      };
    });
  }

  /** Resolves with the RECEIPT. */
  send(destination: string, body: string | Uint8Array, headers: StompHeaders = {}): Promise<IFrame> {
    return this.#withReceipt((receipt) => {
      const content = typeof body === "string" ? { body } : { binaryBody: body };
      this.client.publish({ destination, headers: { ...headers, ...receipt }, ...content });
    }, `SEND ${destination}`);
  }

  /** Resolves when the broker has answered the subscription with its RECEIPT. */
  async subscribe(destination: string, headers: StompHeaders = {}): Promise<Inbox<StompArrival>> {
    const inbox = new Inbox<StompArrival>(`stomp ${destination}`);
    this.#inboxes.push(inbox);
    const take = (message: IMessage): void => {
      inbox.push({
        body: bytesText(message.binaryBody),
        headers: Object.fromEntries(Object.entries(message.headers)),
        settle: (how) => {
          if (how === "ack") message.ack();
          else message.nack(how === "reject" ? { requeue: "false" } : {});
        },
      });
    };
    await this.#withReceipt((receipt) => {
      const id = headers["id"] ?? `sub-${++this.#subscriptions}`;
      this.client.subscribe(destination, take, { id, ...headers, ...receipt });
    }, `SUBSCRIBE ${destination}`);
    return inbox;
  }

  /** Resolves when the frame that the action sends, with the receipt header given, is answered. */
  #withReceipt(act: (receipt: { receipt: string }) => void, what: string): Promise<IFrame> {
    const receipt = `receipt-${++this.#receipts}`;
    const answered = new Promise<IFrame>((resolve) => {
      this.client.watchForReceipt(receipt, resolve);
    });
    act({ receipt });
    return within(Promise.race([answered, this.#failure]), what);
  }

  async close(): Promise<void> {
    await within(this.client.deactivate(), "stompjs deactivate");
  }
}
