import { type Broker, BrokerError, type Cancel, type Connection, type Transport } from "@dragoman/core";
import { Channel, type ChannelOwner } from "../channel/channel.ts";
import { AmqpError } from "../codec/amqp-error.ts";
import { FRAME_HEARTBEAT, FRAME_METHOD, FRAME_MIN_SIZE } from "../codec/constants.generated.ts";
import { FrameSplitter } from "../codec/frame-splitter.ts";
import { decodeMethod, methodNumbers } from "../codec/method.ts";
import type { Method } from "../codec/methods/methods.generated.ts";
import { shortened } from "../codec/primitives.ts";
import { matchProtocolHeader, PROTOCOL_HEADER } from "../codec/protocol-header.ts";
import type { AmqpOptions } from "../options.ts";
import { type Agreement, Handshake } from "./handshake.ts";
import { Heartbeat } from "./heartbeat.ts";
import { InPlace } from "./in-place.ts";
import { Outbox } from "./outbox.ts";
import { type Reply, replyOf } from "./reply.ts";

type State =
  | { readonly name: "awaiting-header"; readonly seen: Buffer }
  | { readonly name: "negotiating"; readonly handshake: Handshake }
  | { readonly name: "open"; readonly agreement: Agreement; readonly channels: Map<number, Channel> }
  /** We have asked for the end and drop what comes before the client agrees. */
  | { readonly name: "closing" }
  | { readonly name: "ended" };

/** A client that does not answer our close is cut off after this many milliseconds. */
const CLOSE_MS = 10_000;

/** How often `Connection.tick` is called, in milliseconds. */
const TICK_MS = 1_000;

/** Input that waits for a command to finish, in bytes, before the peer is made to wait, too. */
const INBOX_BYTES = 64 * 1024;

/**
 * A peer that leaves more answers unread than this beside a whole message, in bytes, is not heard until it has read
 * them: a `basic.get` of a few bytes may have an answer of megabytes. Deliveries alone never come so far.
 */
const UNREAD_BYTES = 1024 * 1024;

const shutdownReasons = {
  shutdown: "broker forced connection closure with reason 'shutdown'",
  administrative: "Closed via management plugin",
} as const;

/** One AMQP 0-9-1 client, from its protocol header to the end of its transport. */
export class AmqpConnection implements Connection, ChannelOwner {
  readonly #broker: Broker;
  readonly #transport: Transport;
  readonly #options: AmqpOptions;
  readonly #outbox: Outbox;
  readonly #splitter: FrameSplitter;
  readonly #inPlace = new InPlace();
  readonly #heartbeat = new Heartbeat();
  #state: State = { name: "awaiting-header", seen: Buffer.alloc(0) };
  /** Since when the present state has lasted, as far as it is limited in time. */
  #stateSinceMs: number;
  /** A command takes time; the frames behind it wait. */
  #isBusy = false;
  #isInboxFull = false;
  #isOutboxFull = false;
  #hasHeard = false;
  #hasPublished = false;
  #isBlocked = false;
  /** The transport was told to bring nothing more, for one of these reasons. */
  #isPaused = false;
  #stopListening: Cancel | undefined;
  #stopTicking: Cancel | undefined;

  constructor(transport: Transport, broker: Broker, options: AmqpOptions) {
    this.#broker = broker;
    this.#transport = transport;
    this.#options = options;
    this.#outbox = new Outbox(transport);
    // Until a limit is agreed upon, only the smallest one holds. AMQP 0-9-1 §4.2.3
    this.#splitter = new FrameSplitter(FRAME_MIN_SIZE);
    this.#stateSinceMs = broker.clock.now();
  }

  receive(chunk: Uint8Array): void {
    this.#hasHeard = true;
    if (this.#state.name === "awaiting-header") this.#header(this.#state.seen, chunk);
    else if (this.#state.name !== "ended") this.#splitter.push(chunk);
    this.#work();
    if (this.#splitter.waitingBytes > 0) this.#splitter.keep();
    this.#outbox.flush();
  }

  tick(nowMs: number): void {
    // Who is made to wait cannot be heard, and is not to blame for it.
    const heard = this.#hasHeard || this.#isPaused;
    const spoke = this.#outbox.hasSent;
    this.#hasHeard = false;
    this.#outbox.hasSent = false;
    switch (this.#state.name) {
      case "awaiting-header":
      case "negotiating":
        if (nowMs - this.#stateSinceMs > this.#options.connectTimeoutMs) this.#cutOff();
        return;
      case "open":
        this.#inPlace.tick();
        if (this.#isOutboxFull) this.#work();
        this.#beat(this.#heartbeat.tick(nowMs, heard, spoke));
        return;
      case "closing":
        if (nowMs - this.#stateSinceMs > CLOSE_MS) this.#cutOff();
        return;
      case "ended":
        return;
    }
  }

  drained(): void {
    this.#outbox.drained();
    if (this.#isOutboxFull) this.#work();
  }

  closed(): void {
    this.#end();
  }

  shutdown(reason: "shutdown" | "administrative"): void {
    this.failConnection(replyOf(new AmqpError("connection-forced", shutdownReasons[reason])), undefined);
    this.#outbox.flush();
    this.#transport.end();
  }

  channelEnded(number: number): void {
    if (this.#state.name === "open") this.#state.channels.delete(number);
  }

  failConnection({ replyCode, replyText }: Reply, cause: Method["name"] | undefined): void {
    if (this.#state.name === "closing" || this.#state.name === "ended") return;
    this.#end();
    const { classId, methodId } = cause === undefined ? { classId: 0, methodId: 0 } : methodNumbers(cause);
    this.#outbox.method(0, { name: "connection.close", replyCode, replyText, classId, methodId });
    this.#enter({ name: "closing" });
  }

  published(): void {
    if (this.#hasPublished) return;
    this.#hasPublished = true;
    this.#stopListening = this.#broker.pressure.listen((isOn) => this.#pressureChanged(isOn));
    if (this.#broker.pressure.isOn) this.#pressureChanged(true);
  }

  #enter(state: State): void {
    this.#state = state;
    this.#stateSinceMs = this.#broker.clock.now();
  }

  #header(seen: Buffer, chunk: Uint8Array): void {
    const bytes = Buffer.concat([seen, chunk]);
    const match = matchProtocolHeader(bytes);
    if (match === "incomplete") {
      this.#state = { name: "awaiting-header", seen: bytes };
    } else if (match === "other") {
      // The header that we would have understood, then the end. AMQP 0-9-1 §4.2.2
      this.#outbox.raw(PROTOCOL_HEADER);
      this.#outbox.flush();
      this.#end();
      this.#transport.end();
    } else {
      const handshake = new Handshake(this.#broker, this.#transport, this.#outbox, this.#options);
      this.#state = { name: "negotiating", handshake };
      this.#splitter.push(bytes.subarray(PROTOCOL_HEADER.length));
      handshake.start();
    }
  }

  /** Handles the frames that have come, as far as none has to wait for the one before. */
  #work(): void {
    try {
      while (!this.#isBusy && this.#state.name !== "ended" && !this.#leavesAnswers()) {
        if (this.#state.name === "open") this.#takeInPlace(this.#state.channels);
        if (!this.#splitter.next()) break;
        this.#frame();
      }
    } catch (error) {
      this.#failed(error, undefined);
    }
    this.#watchBoxes();
  }

  /** Ordinary publishes and acknowledgements, as many as come one behind the other. */
  #takeInPlace(channels: ReadonlyMap<number, Channel>): void {
    const splitter = this.#splitter;
    if (!splitter.isBetweenFrames()) return;
    const { chunk, view, at, payloadLimit } = splitter;
    const maxBytes = Math.min(payloadLimit, this.#broker.limits.maxMessageBytes);
    splitter.skipTo(this.#inPlace.take({ chunk, view, channels, maxBytes }, at));
  }

  #frame(): void {
    const pending = this.#dispatch();
    if (pending === undefined) return;
    this.#isBusy = true;
    void pending
      .then(() => {
        this.#isBusy = false;
        this.#work();
      })
      .catch((error: unknown) => this.#transport.failed(error));
  }

  #dispatch(): Promise<void> | undefined {
    const { type, channel } = this.#splitter;
    if (type === FRAME_HEARTBEAT) {
      return this.#takeHeartbeat(channel);
    }
    if (channel !== 0) return this.#channelFrame(channel);
    if (type !== FRAME_METHOD) throw new AmqpError("unexpected-frame", "content on channel 0");
    return this.#method(decodeMethod(this.#splitter.payload));
  }

  #takeHeartbeat(channel: number): undefined {
    if (channel !== 0) throw new AmqpError("unexpected-frame", `heartbeat on channel ${channel}`);
    const { length } = this.#splitter.payload;
    if (length > 0) throw new AmqpError("frame-error", `heartbeat of ${length} bytes`);
  }

  #channelFrame(number: number): Promise<void> | undefined {
    if (this.#state.name === "closing") return undefined;
    if (this.#state.name !== "open") {
      throw new AmqpError("unexpected-frame", `frame on channel ${number} before the connection is open`);
    }
    const { agreement, channels } = this.#state;
    const known = channels.get(number);
    if (known !== undefined) return known.frame(this.#splitter);
    this.#openChannel(number, agreement, channels);
    return undefined;
  }

  #openChannel(number: number, agreement: Agreement, channels: Map<number, Channel>): void {
    if (this.#splitter.type !== FRAME_METHOD) {
      throw new AmqpError("unexpected-frame", "expected method frame, got non method frame instead");
    }
    const method = decodeMethod(this.#splitter.payload);
    // Both sides may have closed it at the same time.
    if (method.name === "channel.close-ok") return;
    if (method.name !== "channel.open") {
      this.#failed(new AmqpError("channel-error", "expected 'channel.open'"), method.name);
      return;
    }
    if (channels.size >= agreement.channelMax) {
      throw new AmqpError(
        "not-allowed",
        `number of channels opened (${channels.size}) has reached the negotiated channel_max (${agreement.channelMax})`,
      );
    }
    const { client, clientProperties } = agreement;
    const context = {
      broker: this.#broker,
      outbox: this.#outbox,
      client,
      clientProperties,
      options: this.#options,
    };
    const channel = new Channel(number, context, this);
    channels.set(number, channel);
    channel.send({ name: "channel.open-ok" });
  }

  #method(method: Method): Promise<void> | undefined {
    const state = this.#state;
    if (method.name === "connection.close" && state.name !== "ended") {
      this.#closeByClient();
    } else if (state.name === "closing") {
      if (method.name === "connection.close-ok") this.#finish();
    } else if (state.name === "negotiating") {
      return this.#negotiate(state.handshake, method);
    } else if (method.name === "connection.update-secret") {
      // Whoever is logged in stays so; a new token prolongs nothing that would have ended.
      this.#outbox.method(0, { name: "connection.update-secret-ok" });
    } else {
      const text = "unexpected method in connection state running";
      this.#failed(new AmqpError("channel-error", text), method.name);
    }
    return undefined;
  }

  async #negotiate(handshake: Handshake, method: Method): Promise<void> {
    try {
      const agreement = await handshake.handle(method);
      if (agreement !== undefined) this.#opened(agreement);
    } catch (error) {
      if (handshake.closesSilently) this.#finish();
      else this.#failed(error, method.name);
    }
  }

  #opened(agreement: Agreement): void {
    if (this.#state.name !== "negotiating") {
      // The client has gone while it was being let in.
      agreement.client.close();
      return;
    }
    this.#splitter.setFrameMax(agreement.frameMax);
    this.#outbox.frameMax = agreement.frameMax;
    this.#enter({ name: "open", agreement, channels: new Map() });
    this.#heartbeat.start(agreement.heartbeatSeconds, this.#stateSinceMs);
    this.#tickOften((agreement.heartbeatSeconds * 1_000) / 2);
    this.#outbox.method(0, { name: "connection.open-ok" });
  }

  #closeByClient(): void {
    this.#end();
    this.#outbox.method(0, { name: "connection.close-ok" });
    this.#outbox.flush();
    this.#transport.end();
  }

  /** Both sides have said what they had to say. */
  #finish(): void {
    this.#end();
    this.#outbox.flush();
    this.#transport.end();
  }

  #cutOff(): void {
    this.#end();
    this.#transport.destroy();
  }

  #failed(error: unknown, cause: Method["name"] | undefined): void {
    if (!(error instanceof BrokerError)) throw error;
    // After a fault in the frames themselves nothing that follows can be read.
    if (this.#state.name === "closing") this.#finish();
    else this.failConnection({ ...replyOf(error), isHard: true }, cause);
  }

  /** Gives back everything that the connection held. Doing it again does nothing. */
  #end(): void {
    const state = this.#state;
    this.#state = { name: "ended" };
    this.#stopListening?.();
    this.#stopListening = undefined;
    this.#stopTicking?.();
    this.#stopTicking = undefined;
    // The client's answer to our close must not wait.
    this.#isBlocked = false;
    this.#isInboxFull = false;
    this.#isOutboxFull = false;
    this.#applyBackPressure();
    if (state.name !== "open") return;
    for (const channel of state.channels.values()) channel.end();
    state.agreement.client.close();
  }

  /** The tick comes once a second: too seldom for beats that must come every second or sooner. */
  #tickOften(intervalMs: number): void {
    if (intervalMs === 0 || intervalMs > TICK_MS) return;
    const { timers } = this.#broker;
    this.#stopTicking = timers.at(timers.now() + intervalMs, () => {
      this.tick(timers.now());
      if (this.#state.name === "open") this.#tickOften(intervalMs);
    });
  }

  #beat(verdict: "idle" | "beat" | "lost"): void {
    if (verdict === "lost") this.#cutOff();
    else if (verdict === "beat") this.#outbox.heartbeat();
  }

  /** RabbitMQ, "Blocked Connection Notifications": publishers wait, and are told so if they can be. */
  #pressureChanged(isOn: boolean): void {
    if (this.#state.name !== "open" || this.#isBlocked === isOn) return;
    this.#isBlocked = isOn;
    if (this.#state.agreement.clientProperties.wantsBlocked) {
      const reason = shortened(this.#broker.pressure.reason);
      this.#outbox.method(
        0,
        isOn ? { name: "connection.blocked", reason } : { name: "connection.unblocked" },
      );
    }
    this.#applyBackPressure();
  }

  #watchBoxes(): void {
    this.#isInboxFull = this.#isBusy && this.#splitter.waitingBytes > INBOX_BYTES;
    this.#isOutboxFull = this.#leavesAnswers();
    this.#applyBackPressure();
  }

  #leavesAnswers(): boolean {
    if (this.#state.name !== "open") return false;
    return this.#outbox.waitingBytes > this.#broker.limits.maxMessageBytes + UNREAD_BYTES;
  }

  #applyBackPressure(): void {
    const isPaused = this.#isInboxFull || this.#isOutboxFull || this.#isBlocked;
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    if (isPaused) this.#transport.pause();
    else this.#transport.resume();
  }
}
