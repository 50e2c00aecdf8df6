import type { Broker, BrokerError, Client } from "@dragoman/core";
import type { Version } from "../codec/frame.ts";
import type { StompOptions } from "../options.ts";
import type { MessageEncoder } from "../translation/message-frame.ts";
import type { Outbox } from "./outbox.ts";
import type { ReceiptBook } from "./receipt-book.ts";

/** What everything that serves one logged-in client needs. */
export interface ConnectionParts {
  readonly broker: Broker;
  readonly client: Client;
  readonly version: Version;
  readonly options: StompOptions;
  readonly outbox: Outbox;
  readonly encoder: MessageEncoder;
  readonly receipts: ReceiptBook;
  /** The `client-id` header of CONNECT. */
  readonly clientId: string | undefined;
  /** False once the client is gone: what waited for the broker meanwhile must make nothing for it any more. */
  readonly isOpen: () => boolean;
  /** Tells the client what went wrong and ends the connection. */
  readonly fail: (error: BrokerError, receipt: string | undefined) => void;
}
