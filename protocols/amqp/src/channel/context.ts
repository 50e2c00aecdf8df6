import type { Broker, BrokerError, Client, VirtualHost } from "@dragoman/core";
import type { ServerMethod } from "../codec/methods/methods.generated.ts";
import type { AmqpOptions } from "../options.ts";
import type { Outbox } from "../connection/outbox.ts";
import type { ClientProperties } from "../connection/server-properties.ts";

/** What the channels of one connection share. */
export interface ConnectionContext {
  readonly broker: Broker;
  readonly client: Client;
  readonly outbox: Outbox;
  readonly clientProperties: ClientProperties;
  readonly options: AmqpOptions;
}

/** One channel, as far as the methods that come on it need to know it. */
export interface ChannelContext extends ConnectionContext {
  readonly number: number;
  readonly vhost: VirtualHost;
  /** False when it has ended or is about to: what it takes now, nobody would give back. */
  readonly isOpen: boolean;
  /** The queue that the channel declared last: what an empty queue name stands for. */
  currentQueue: string | undefined;
  /** Sends a method on this channel. */
  send(method: ServerMethod): void;
  /** Sends a method that nobody asked for: the answer to a command that is under way goes first. */
  notify(method: ServerMethod): void;
  /** Ends the channel, or the connection if the error is that grave, for a reason that no method caused. */
  fail(error: BrokerError): void;
}
