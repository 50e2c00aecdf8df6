import {
  BrokerError,
  type Message,
  type PublishOutcome,
  type ReceiptListener,
  type Receipts,
  type Unsettled,
} from "@dragoman/core";
import { AmqpError } from "../codec/amqp-error.ts";
import { replyCodes } from "../codec/constants.generated.ts";
import type { BasicPublish } from "../codec/methods/basic.generated.ts";
import type { ConfirmSelect } from "../codec/methods/confirm.generated.ts";
import { propertiesFor } from "../translation/delivery-properties.ts";
import { type Publication, readPublication, toMessage } from "../translation/publication.ts";
import type { ChannelConsumers } from "./channel-consumers.ts";
import { ChannelTransaction } from "./channel-transaction.ts";
import { Confirms } from "./confirms.ts";
import type { Content } from "../codec/content-assembly.ts";
import type { ChannelContext } from "./context.ts";
import { shownAddress } from "./delivered.ts";
import { exchangeText, findExchange } from "./lookup.ts";

/** A channel is in one mode at most, and stays in it. */
type Mode =
  | { readonly name: "plain" }
  | { readonly name: "confirm"; readonly receipts: Receipts; readonly confirms: Confirms; published: number }
  | { readonly name: "transaction"; readonly receipts: Receipts; readonly transaction: ChannelTransaction };

/** An open transaction may hold this much, even where messages are small. */
const MIN_TRANSACTION_BYTES = 16 * 1024 * 1024;

/** What a channel publishes: at once, with confirms, or within transactions. */
export class ChannelPublisher {
  readonly #channel: ChannelContext;
  readonly #consumers: ChannelConsumers;
  readonly #unsettled: Unsettled;
  #mode: Mode = { name: "plain" };
  #hasEnded = false;
  #commit: "waiting" | "writing returns" | PublishOutcome = "waiting";

  constructor(channel: ChannelContext, consumers: ChannelConsumers, unsettled: Unsettled) {
    this.#channel = channel;
    this.#consumers = consumers;
    this.#unsettled = unsettled;
  }

  /** The open transaction of a channel in transaction mode. */
  get transaction(): ChannelTransaction | undefined {
    return this.#mode.name === "transaction" ? this.#mode.transaction : undefined;
  }

  /** AMQP 0-9-1 §1.8.3.9; a message that nobody gets is returned before it is confirmed. */
  publish({ method, properties, body }: Content): void {
    this.admit(method);
    this.publishAs(this.read(method, properties), body, method.mandatory);
  }

  /** @throws AmqpError when the method may not come, whatever its content is */
  admit({ exchange: name, immediate }: BasicPublish): void {
    if (immediate) throw new AmqpError("not-implemented", "immediate=true");
    if (findExchange(this.#channel, name).options.internal) {
      const exchange = exchangeText(this.#channel.vhost, name);
      throw new AmqpError("access-refused", `cannot publish to internal ${exchange}`);
    }
  }

  /** @throws AmqpError, BrokerError as `readPublication` does */
  read(method: BasicPublish, properties: Uint8Array): Publication {
    const { client, vhost } = this.#channel;
    const { replyAddress } = this.#consumers;
    return readPublication(method, properties, { vhost, publisher: client.publisher, replyAddress });
  }

  publishAs(publication: Publication, body: Uint8Array, mandatory: boolean): void {
    const message = toMessage(publication, body, this.#channel.vhost.timers.now());
    if (this.#mode.name === "transaction") {
      this.#mode.transaction.publish(message, mandatory);
      return;
    }
    const outcome = this.#publishNow(message, this.#mode);
    if (mandatory && outcome === "unroutable") this.#return(message);
  }

  /** RabbitMQ, "Publisher Confirms": from now on every publish is counted, from 1, and answered. */
  selectConfirms({ nowait }: ConfirmSelect): void {
    if (this.#mode.name === "transaction") {
      throw new AmqpError("precondition-failed", "cannot switch from tx to confirm mode");
    }
    if (this.#mode.name === "plain") this.#countPublishes();
    if (!nowait) this.#channel.send({ name: "confirm.select-ok" });
  }

  /** A message of any allowed size must fit. */
  get #maxTransactionBytes(): number {
    return Math.max(MIN_TRANSACTION_BYTES, 2 * this.#channel.broker.limits.maxMessageBytes);
  }

  /** AMQP 0-9-1 §1.9.2.1 */
  selectTransactions(): void {
    if (this.#mode.name === "confirm") {
      throw new AmqpError("precondition-failed", "cannot switch from confirm to tx mode");
    }
    if (this.#mode.name === "plain") {
      const { client } = this.#channel;
      const receipts = client.openReceipts({ accepted: (_tag, outcome) => this.#committed(outcome) });
      const transaction = new ChannelTransaction(client, this.#unsettled, this.#maxTransactionBytes);
      this.#mode = { name: "transaction", receipts, transaction };
    }
    this.#channel.send({ name: "tx.select-ok" });
  }

  /** The answer comes when all of it is on stable storage. AMQP 0-9-1 §1.9.2.3 */
  commit(): void {
    const { receipts, transaction } = this.#inTransaction();
    this.#commit = "writing returns";
    for (const { message, mandatory, outcome } of transaction.commit(receipts, 0)) {
      if (mandatory && outcome === "unroutable") this.#return(message);
    }
    if (this.#commit === "writing returns") this.#commit = "waiting";
    else this.#answerCommit(this.#commit);
  }

  /** AMQP 0-9-1 §1.9.2.5 */
  rollback(): void {
    this.#inTransaction().transaction.rollback();
    this.#channel.send({ name: "tx.rollback-ok" });
  }

  /** The channel closes: an open transaction is rolled back, and nothing more is confirmed. */
  end(): void {
    this.#hasEnded = true;
    if (this.#mode.name === "transaction") this.#mode.transaction.rollback();
    else if (this.#mode.name === "confirm") this.#mode.confirms.end();
  }

  #countPublishes(): void {
    const confirms = new Confirms(this.#channel.number, this.#channel.outbox);
    const listener: ReceiptListener = { accepted: (tag, outcome) => confirms.settle(tag, outcome) };
    const receipts = this.#channel.client.openReceipts(listener);
    this.#mode = { name: "confirm", receipts, confirms, published: 0 };
  }

  #inTransaction(): Extract<Mode, { name: "transaction" }> {
    if (this.#mode.name === "transaction") return this.#mode;
    throw new AmqpError("precondition-failed", "channel is not transactional");
  }

  #publishNow(message: Message, mode: Exclude<Mode, { name: "transaction" }>): PublishOutcome {
    const { client } = this.#channel;
    if (mode.name === "plain") return client.publish(message);
    mode.published++;
    return client.publish(message, mode.receipts, mode.published);
  }

  #return(message: Message): void {
    const { number, outbox } = this.#channel;
    const replyCode = replyCodes["no-route"];
    outbox.content(
      number,
      { name: "basic.return", replyCode, replyText: "NO_ROUTE", ...shownAddress(message) },
      propertiesFor(message, this.#channel),
      message.body,
    );
  }

  /** The storage may be done before the returns are written, but the answer must follow them. */
  #committed(outcome: PublishOutcome): void {
    if (this.#commit === "writing returns") this.#commit = outcome;
    else this.#answerCommit(outcome);
  }

  #answerCommit(outcome: PublishOutcome): void {
    if (this.#hasEnded) return;
    if (outcome === "unavailable") this.#channel.fail(new BrokerError("unavailable", "the commit failed"));
    else this.#channel.send({ name: "tx.commit-ok" });
  }
}
