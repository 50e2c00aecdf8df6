import {
  type Broker,
  BrokerError,
  type ChunkCopies,
  type Client,
  Unsettled,
  type VirtualHost,
} from "@dragoman/core";
import { AmqpError } from "../codec/amqp-error.ts";
import {
  ACKNOWLEDGEMENT_BYTES,
  BASIC_ACK,
  deliveryTagAt,
  isAcknowledgement,
  isMultipleAt,
  isRequeueAt,
} from "../codec/acknowledgement-frame.ts";
import { FRAME_HEADER, FRAME_METHOD } from "../codec/constants.generated.ts";
import { type ContentHeader, decodeContentHeader } from "../codec/content.ts";
import type { FrameSplitter } from "../codec/frame-splitter.ts";
import { decodeMethod, methodNumbers } from "../codec/method.ts";
import type { BasicPublish } from "../codec/methods/basic.generated.ts";
import type { Method, ServerMethod } from "../codec/methods/methods.generated.ts";
import type { WholeContent } from "../codec/whole-content.ts";
import type { Outbox } from "../connection/outbox.ts";
import { type Reply, replyOf } from "../connection/reply.ts";
import type { ClientProperties } from "../connection/server-properties.ts";
import { takeNamed, takeOne } from "./acknowledgements.ts";
import { ChannelConsumers } from "./channel-consumers.ts";
import { handleMethod } from "./channel-methods.ts";
import { ChannelPublisher } from "./channel-publisher.ts";
import { type Content, ContentAssembly } from "../codec/content-assembly.ts";
import type { AmqpOptions } from "../options.ts";
import type { ChannelContext, ConnectionContext } from "./context.ts";
import type { KnownPublish } from "./known-publish.ts";

/** The connection, as far as one of its channels may know it. */
export interface ChannelOwner {
  /** The channel has ended and its number is free again. */
  channelEnded(number: number): void;
  /** An error that ends the connection. */
  failConnection(reply: Reply, cause: Method["name"] | undefined): void;
  /** The client publishes: it may have to wait while the broker is short of something. */
  published(): void;
}

/**
 * One channel: a conversation of its own within the connection. An error of the softer kind ends it alone;
 * then whatever still comes on it is dropped until the client has agreed. AMQP 0-9-1 §2.2.5
 */
export class Channel implements ChannelContext {
  readonly number: number;
  readonly broker: Broker;
  readonly client: Client;
  readonly vhost: VirtualHost;
  readonly outbox: Outbox;
  readonly clientProperties: ClientProperties;
  readonly options: AmqpOptions;
  readonly unsettled: Unsettled = new Unsettled();
  readonly consumers: ChannelConsumers;
  readonly publisher: ChannelPublisher;
  currentQueue: string | undefined;
  readonly #owner: ChannelOwner;
  readonly #content = new ContentAssembly();
  #state: "open" | "closing" | "ended" = "open";
  /** What the deletion of a queue that is under way has caused. */
  #notices: ServerMethod[] | undefined;

  constructor(number: number, connection: ConnectionContext, owner: ChannelOwner) {
    this.number = number;
    this.broker = connection.broker;
    this.client = connection.client;
    this.vhost = connection.client.vhost;
    this.outbox = connection.outbox;
    this.clientProperties = connection.clientProperties;
    this.options = connection.options;
    this.#owner = owner;
    this.consumers = new ChannelConsumers(this, this.unsettled);
    this.publisher = new ChannelPublisher(this, this.consumers, this.unsettled);
  }

  send(method: ServerMethod): void {
    if (this.#state === "open") this.outbox.method(this.number, method);
  }

  notify(method: ServerMethod): void {
    if (this.#notices === undefined) this.send(method);
    else this.#notices.push(method);
  }

  /**
   * Handles the frame that the splitter shows.
   *
   * @returns a promise when the frames behind it must wait
   */
  frame(splitter: FrameSplitter): Promise<void> | undefined {
    // What disturbs a publish is laid to it.
    let cause: Method["name"] | undefined = this.#content.isOpen ? "basic.publish" : undefined;
    try {
      if (splitter.type !== FRAME_METHOD) {
        this.#contentFrame(splitter);
        return undefined;
      }
      const method = decodeMethod(splitter.payload);
      cause ??= method.name;
      const done = this.#method(method);
      return done?.catch((error: unknown) => this.#failed(error, method.name));
    } catch (error) {
      this.#failed(error, cause);
      return undefined;
    }
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** True when a publish or an acknowledgement may come: it is open and waits for no content. */
  get isBetweenCommands(): boolean {
    return this.isOpen && !this.#content.isOpen;
  }

  /** A publish that lies whole in `chunk`. */
  publishInPlace(
    known: KnownPublish,
    chunk: Uint8Array,
    view: DataView,
    content: WholeContent,
    copies: ChunkCopies,
  ): void {
    this.#owner.published();
    try {
      this.publisher.admit(known.method);
      const publication = known.publication(chunk, view, content, copies);
      const body = copies.take(chunk, content.bodyAt, content.bodyEnd);
      this.publisher.publishAs(publication, body, known.method.mandatory);
    } catch (error) {
      this.#failed(error, "basic.publish");
    }
  }

  /**
   * Acknowledgements of one kind that lie in a chunk one behind the other.
   *
   * @param method BASIC_ACK or BASIC_NACK
   * @returns where they end; `at` when they must go the plain way
   */
  acknowledgeInPlace(bytes: DataView, at: number, method: number): number {
    if (!this.isBetweenCommands || this.publisher.transaction !== undefined) return at;
    if (!this.#isAcknowledgement(bytes, at, method)) return at;
    let next = at + ACKNOWLEDGEMENT_BYTES;
    const isRun = this.#isAcknowledgement(bytes, next, method);
    // Each would let one delivery through, and its consumer wait again: together they let through as many at once.
    if (isRun) this.outbox.window.hold();
    try {
      this.#acknowledgeOne(bytes, at, method);
      for (; this.#isAcknowledgement(bytes, next, method); next += ACKNOWLEDGEMENT_BYTES) {
        this.#acknowledgeOne(bytes, next, method);
      }
    } catch (error) {
      this.#failed(error, method === BASIC_ACK ? "basic.ack" : "basic.nack");
    }
    if (isRun) this.outbox.window.letGo();
    return next;
  }

  fail(error: BrokerError): void {
    this.#failed(error, undefined);
  }

  /** A publish begins; its content follows in frames of its own. */
  beginContent(method: BasicPublish): void {
    this.#owner.published();
    this.#content.begin(method);
  }

  /** The client closes the channel. */
  closeByClient(): void {
    this.#release();
    this.send({ name: "channel.close-ok" });
    this.#state = "ended";
    this.#owner.channelEnded(this.number);
  }

  /** The connection ends: gives back what the channel holds. */
  end(): void {
    if (this.#state === "open") this.#release();
    this.#state = "ended";
  }

  #isAcknowledgement(bytes: DataView, at: number, method: number): boolean {
    return (
      at + ACKNOWLEDGEMENT_BYTES <= bytes.byteLength && isAcknowledgement(bytes, at, this.number, method)
    );
  }

  #acknowledgeOne(bytes: DataView, at: number, method: number): void {
    const tag = deliveryTagAt(bytes, at);
    const multiple = isMultipleAt(bytes, at);
    if (method === BASIC_ACK && !multiple) {
      takeOne(this.unsettled, tag).settle("accepted");
      return;
    }
    const refused = isRequeueAt(bytes, at) ? "released" : "rejected";
    const settlement = method === BASIC_ACK ? "accepted" : refused;
    for (const [, delivery] of takeNamed(this, tag, multiple, settlement)) delivery.settle(settlement);
  }

  #method(method: Method): Promise<void> | undefined {
    if (this.#state !== "open") {
      this.#methodWhileClosing(method);
      return undefined;
    }
    this.#content.refuseMethod();
    if (method.name !== "queue.delete") return handleMethod(this, method);
    this.#notices = [];
    return handleMethod(this, method)?.finally(() => this.#sendNotices());
  }

  #sendNotices(): void {
    const notices = this.#notices ?? [];
    this.#notices = undefined;
    for (const notice of notices) this.send(notice);
  }

  #methodWhileClosing({ name }: Method): void {
    if (name === "channel.close") this.outbox.method(this.number, { name: "channel.close-ok" });
    if (name !== "channel.close" && name !== "channel.close-ok") return;
    this.#state = "ended";
    this.#owner.channelEnded(this.number);
  }

  #contentFrame({ type, bytes, start, end }: FrameSplitter): void {
    if (this.#state !== "open") return;
    const content =
      type === FRAME_HEADER
        ? this.#content.header(this.#header(bytes, start, end), bytes, end)
        : this.#content.body(bytes, start, end);
    if (content !== undefined) this.#publish(content);
  }

  /** A body that is too large is refused as soon as its size is known. */
  #header(bytes: Buffer, start: number, end: number): ContentHeader {
    const header = decodeContentHeader(bytes, start, end);
    const { maxMessageBytes } = this.broker.limits;
    if (header.bodySize <= maxMessageBytes || !this.#content.isOpen) return header;
    throw new AmqpError(
      "content-too-large",
      `message size ${header.bodySize} is larger than configured max size ${maxMessageBytes}`,
    );
  }

  #publish(content: Content): void {
    try {
      this.publisher.publish(content);
    } catch (error) {
      this.#failed(error, content.method.name);
    }
  }

  /** Anything but a BrokerError is a fault of ours and stays one. */
  #failed(error: unknown, cause: Method["name"] | undefined): void {
    if (!(error instanceof BrokerError)) throw error;
    const { isHard, ...reply } = replyOf(error);
    if (isHard) {
      this.#owner.failConnection({ isHard, ...reply }, cause);
    } else if (this.#state === "open") {
      const { classId, methodId } = cause === undefined ? { classId: 0, methodId: 0 } : methodNumbers(cause);
      this.#release();
      this.send({ name: "channel.close", ...reply, classId, methodId });
      this.#state = "closing";
    }
  }

  /** Consumers end first, so that nothing given back comes to them again. */
  #release(): void {
    this.#content.abandon();
    this.consumers.cancelAll();
    this.publisher.end();
    for (const [, delivery] of this.unsettled.takeAll()) delivery.settle("released");
  }
}
