import { type Socket, connect } from "node:net";
import type { IStompSocket } from "@stomp/stompjs";

const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 3;

/** A TCP connection with the face of a WebSocket, which is all that `@stomp/stompjs` asks for. */
export class TcpSocket implements IStompSocket {
  readonly url: string;
  readonly binaryType = "arraybuffer";
  readyState: number = CONNECTING;
  onopen: IStompSocket["onopen"];
  onclose: IStompSocket["onclose"];
  onerror: IStompSocket["onerror"];
  onmessage: IStompSocket["onmessage"];
  readonly #socket: Socket;

  constructor(host: string, port: number) {
    this.url = `tcp://${host}:${port}/`;
    this.#socket = connect(port, host, () => {
      this.readyState = OPEN;
      this.onopen?.();
    });
    this.#socket.setNoDelay(true);
    this.#socket.on("data", (data) => {
      this.onmessage?.({ data: new Uint8Array(data).buffer });
    });
    this.#socket.on("error", (error) => {
      this.onerror?.(error);
    });
    this.#socket.on("close", () => {
      this.readyState = CLOSED;
      this.onclose?.({ code: 1_000, reason: "closed", wasClean: true });
    });
  }

  send(data: string | ArrayBufferLike | Blob | ArrayBufferView): void {
    if (typeof data === "string") this.#socket.write(data);
    else if (data instanceof ArrayBuffer) this.#socket.write(new Uint8Array(data));
    else if (ArrayBuffer.isView(data))
      this.#socket.write(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    else throw new TypeError("text or a view of bytes");
  }

  close(): void {
    this.#socket.end();
  }

  terminate(): void {
    this.#socket.destroy();
  }
}
