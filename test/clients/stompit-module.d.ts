/** The part of `stompit` 1.0 that the tests use; the package has no types of its own. */
declare module "stompit" {
  import type { EventEmitter } from "node:events";
  import type { Readable, Writable } from "node:stream";

  export interface Message extends Readable {
    readonly headers: Readonly<Record<string, string>>;
  }

  export interface Client extends EventEmitter {
    send(headers: Record<string, string>, options?: { onReceipt?: () => void }): Writable;
    sendFrame(
      command: string,
      headers: Record<string, string>,
      options?: { onReceipt?: () => void },
    ): Writable;
    subscribe(
      headers: Record<string, string>,
      onMessage: (error: Error | null, message: Message) => void,
    ): { unsubscribe(): void };
    ack(message: Message): void;
    nack(message: Message): void;
    disconnect(done?: (error: Error | null) => void): void;
    destroy(error?: Error): void;
  }

  export interface ConnectOptions {
    readonly host: string;
    readonly port: number;
    readonly connectHeaders: Record<string, string>;
  }

  export function connect(
    options: ConnectOptions,
    connected: (error: Error | null, client: Client) => void,
  ): Client;
}
