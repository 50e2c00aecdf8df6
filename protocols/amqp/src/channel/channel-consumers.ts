import {
  BrokerError,
  type Cancel,
  type Consumer,
  type ConsumerOptions,
  type Delivery,
  type Message,
  type Unsettled,
  Window,
} from "@dragoman/core";
import { AmqpError } from "../codec/amqp-error.ts";
import type { BasicCancel, BasicConsume, BasicQos } from "../codec/methods/basic.generated.ts";
import { propertiesFor } from "../translation/delivery-properties.ts";
import { REPLY_CONSUMER } from "../translation/publication.ts";
import { readConsumerPriority } from "../translation/queue-arguments.ts";
import { readStreamStart } from "../translation/stream-arguments.ts";
import type { ChannelContext } from "./context.ts";
import { deliveredProperties, shownAddress } from "./delivered.ts";
import { KnownAddresses } from "./known-addresses.ts";
import { expandQueueName, findQueue, queueText, randomName } from "./lookup.ts";
import { refuseStreamConsumer } from "./stream-rules.ts";

/** Bytes that wait for a peer above which answers to its requests are dropped: they have no queue to wait in. */
const MAX_WAITING_REPLY_BYTES = 64 * 1024 * 1024;

interface ActiveConsumer {
  readonly cancel: Cancel;
  /** Its own prefetch; undefined for the reply consumer, which has none. */
  readonly window: Window | undefined;
}

/** The consumers of one channel, and the windows through which they are fed. AMQP 0-9-1 §1.8.3.3 */
export class ChannelConsumers {
  readonly #channel: ChannelContext;
  readonly #unsettled: Unsettled;
  readonly #byTag = new Map<string, ActiveConsumer>();
  /** Shared by all consumers: basic.qos with `global`, and channel.flow. */
  readonly #shared: Window;
  /** Prefetch of consumers to come. */
  #prefetch = Number.POSITIVE_INFINITY;
  #replyAddress: string | undefined;

  constructor(channel: ChannelContext, unsettled: Unsettled) {
    this.#channel = channel;
    this.#unsettled = unsettled;
    this.#shared = new Window(Number.POSITIVE_INFINITY, channel.outbox.window);
  }

  /** Where answers to this channel's requests go; undefined without a reply consumer. */
  get replyAddress(): string | undefined {
    return this.#replyAddress;
  }

  /**
   * With `global` the count holds for the channel as a whole, else for each consumer that comes after.
   * Either acts at once. RabbitMQ, "Consumer Prefetch"
   */
  qos({ prefetchSize, prefetchCount, global }: BasicQos): void {
    if (prefetchSize !== 0) throw new AmqpError("not-implemented", `prefetch_size!=0 (${prefetchSize})`);
    const limit = prefetchCount === 0 ? Number.POSITIVE_INFINITY : prefetchCount;
    if (global) {
      this.#shared.resize(limit);
    } else {
      this.#prefetch = limit;
      if (this.#channel.clientProperties.resizesConsumers) {
        for (const { window } of this.#byTag.values()) window?.resize(limit);
      }
    }
    this.#channel.send({ name: "basic.qos-ok" });
  }

  /** Stops or goes on delivering; basic.get is not concerned. AMQP 0-9-1 §1.5.2.3 */
  flow(active: boolean): void {
    if (!active && this.#channel.clientProperties.refusesFlow) {
      throw new AmqpError("not-implemented", "active=false");
    }
    if (active) this.#shared.resume();
    else this.#shared.pause();
    this.#channel.send({ name: "channel.flow-ok", active });
  }

  consume(method: BasicConsume): void {
    const tag = method.consumerTag === "" ? randomName("amq.ctag-") : method.consumerTag;
    if (this.#byTag.has(tag)) {
      throw new AmqpError("not-allowed", `attempt to reuse consumer tag '${tag}'`);
    }
    if (method.queue === REPLY_CONSUMER) this.#consumeReplies(tag, method);
    else this.#consumeQueue(tag, method);
  }

  cancel({ consumerTag, noWait }: BasicCancel): void {
    const consumer = this.#byTag.get(consumerTag);
    this.#byTag.delete(consumerTag);
    consumer?.cancel();
    if (!noWait) this.#channel.send({ name: "basic.cancel-ok", consumerTag });
  }

  /** Ends them all; what they hold stays held. */
  cancelAll(): void {
    const all = [...this.#byTag.values()];
    this.#byTag.clear();
    for (const { cancel } of all) cancel();
  }

  #consumeQueue(tag: string, method: BasicConsume): void {
    const queue = findQueue(this.#channel, expandQueueName(this.#channel, method.queue));
    const { name, options: queueOptions } = queue;
    const subject = queueText(this.#channel.vhost, name);
    refuseStreamConsumer(this.#channel.vhost, queue, method, this.#prefetch);
    // Its consumers take turns by themselves; one that excludes the others contradicts that.
    if (method.exclusive && queueOptions.singleActiveConsumer === true) throw inExclusiveUse(subject);
    const window = this.#windowOfOne();
    const options: ConsumerOptions = {
      tag,
      autoSettle: method.noAck,
      exclusive: method.exclusive,
      priority: readConsumerPriority(method.arguments, subject),
      start: readStreamStart(method.arguments, subject, this.#channel.vhost.timers.now()),
      window,
    };
    // No delivery may come before consume-ok, and no consume-ok when the queue refuses.
    window.hold();
    try {
      const consumer = this.#attach(name, options);
      this.#byTag.set(tag, { cancel: () => consumer.cancel(), window });
      this.#answerConsume(tag, method);
    } finally {
      window.letGo();
    }
  }

  /** A window for one consumer where there is a limit for it, or may be one later; thousands without share one. */
  #windowOfOne(): Window {
    const isLimited =
      this.#prefetch !== Number.POSITIVE_INFINITY || this.#channel.clientProperties.resizesConsumers;
    return isLimited ? new Window(this.#prefetch, this.#shared) : this.#shared;
  }

  #attach(queue: string, options: ConsumerOptions): Consumer {
    const { client, vhost } = this.#channel;
    const address = new KnownAddresses(this.#channel.number, options.tag);
    try {
      return client.consume(queue, options, {
        deliver: (delivery) => this.#deliver(options, address, delivery),
        cancelled: () => this.#cancelled(options.tag),
      });
    } catch (cause) {
      if (!(cause instanceof BrokerError) || cause.code !== "locked") throw cause;
      throw inExclusiveUse(queueText(vhost, queue));
    }
  }

  /** The pseudo-queue of direct reply-to: answers come straight to this channel. RabbitMQ, "Direct Reply-to" */
  #consumeReplies(tag: string, method: BasicConsume): void {
    if (!method.noAck) throw new AmqpError("precondition-failed", "reply consumer cannot acknowledge");
    if (this.#replyAddress !== undefined) {
      throw new AmqpError("precondition-failed", "reply consumer already set");
    }
    const address = randomName(`${REPLY_CONSUMER}.`);
    const close = this.#channel.vhost.openMailbox(address, {
      deliver: (message) => this.#deliverReply(tag, message),
    });
    const cancel = (): void => {
      this.#replyAddress = undefined;
      close();
    };
    this.#replyAddress = address;
    this.#byTag.set(tag, { cancel, window: undefined });
    this.#answerConsume(tag, method);
  }

  #answerConsume(consumerTag: string, { noWait }: BasicConsume): void {
    if (!noWait) this.#channel.send({ name: "basic.consume-ok", consumerTag });
  }

  #deliver(options: ConsumerOptions, address: KnownAddresses, delivery: Delivery): void {
    const { number, outbox } = this.#channel;
    const { message, redelivered } = delivery;
    const deliveryTag = options.autoSettle ? this.#unsettled.nextNumber() : this.#unsettled.add(delivery);
    const properties = deliveredProperties(delivery, this.#channel);
    if (!redelivered) {
      const template = address.templateFor(message);
      outbox.delivery(template, deliveryTag, properties, message.body);
      return;
    }
    const fields = { consumerTag: options.tag, deliveryTag, redelivered, ...shownAddress(message) };
    outbox.content(number, { name: "basic.deliver", ...fields }, properties, message.body);
  }

  #deliverReply(consumerTag: string, message: Message): void {
    const { number, outbox, vhost } = this.#channel;
    if (outbox.waitingBytes > MAX_WAITING_REPLY_BYTES) {
      vhost.drops.count("slow-subscriber");
      return;
    }
    const deliveryTag = this.#unsettled.nextNumber();
    outbox.content(
      number,
      { name: "basic.deliver", consumerTag, deliveryTag, redelivered: false, ...shownAddress(message) },
      propertiesFor(message, this.#channel),
      message.body,
    );
  }

  /** The queue is gone. RabbitMQ, "Consumer Cancel Notification" */
  #cancelled(consumerTag: string): void {
    this.#byTag.delete(consumerTag);
    if (!this.#channel.clientProperties.wantsCancelNotify) return;
    this.#channel.notify({ name: "basic.cancel", consumerTag, noWait: true });
  }
}

function inExclusiveUse(queue: string): AmqpError {
  return new AmqpError("access-refused", `${queue} in exclusive use`);
}
