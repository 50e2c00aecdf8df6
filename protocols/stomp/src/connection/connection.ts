import {
  type Broker,
  BrokerError,
  type Client,
  type Connection,
  DEFAULT_VIRTUAL_HOST,
  type Transport,
} from "@dragoman/core";
import type { Frame, FrameHeader, Version } from "../codec/frame.ts";
import { headerOf } from "../codec/frame.ts";
import { FrameDecoder } from "../codec/frame-decoder.ts";
import { encodeFrame } from "../codec/frame-encoder.ts";
import type { FrameLimits } from "../codec/frame-limits.ts";
import type { StompOptions } from "../options.ts";
import { RepeatedFrames } from "../repeat/repeated-frames.ts";
import { StompError } from "../stomp-error.ts";
import { encodeError } from "../translation/error-frame.ts";
import type { MessageEncoder } from "../translation/message-frame.ts";
import { answerHeartBeat, HeartBeats, type Listening } from "./heart-beats.ts";
import { type ConnectRequest, readConnect } from "./negotiation.ts";
import { Outbox } from "./outbox.ts";
import { ReadGate } from "./read-gate.ts";
import { ReceiptBook } from "./receipt-book.ts";
import { Session } from "./session.ts";

type State =
  | { readonly name: "awaiting-connect"; readonly sinceMs: number }
  /** The login is being checked. */
  | { readonly name: "connecting"; readonly sinceMs: number }
  | {
      readonly name: "open";
      readonly session: Session;
      readonly client: Client;
      readonly repeated: RepeatedFrames;
    }
  /** DISCONNECT was received: nothing more is read. */
  | { readonly name: "leaving"; readonly client: Client }
  | { readonly name: "closed" };

/** Before the login nobody may send us more than this. */
const connectLimits: FrameLimits = {
  maxHeaderCount: 50,
  maxHeaderLineBytes: 32 * 1024,
  maxHeadBytes: 64 * 1024,
  maxBodyBytes: 1024,
};

/**
 * A peer that leaves more unread than this, in bytes, beside all that its subscriptions may heap up, is not heard until
 * it has read it: a frame of a few bytes has an answer, too.
 */
const unreadBytes = 1024 * 1024;

/** One STOMP client: what may come next, in which order, and what happens when it does not. */
export class StompConnection implements Connection, Listening {
  readonly #transport: Transport;
  readonly #broker: Broker;
  readonly #options: StompOptions;
  readonly #encoder: MessageEncoder;
  readonly #decoder = new FrameDecoder(connectLimits);
  readonly #outbox: Outbox;
  readonly #gate: ReadGate;
  readonly #heartBeats: HeartBeats;
  readonly #stopListening: () => void;
  #state: State;
  #version: Version | undefined;
  #isBusy = false;
  #publishes = false;
  lastReceivedMs: number;

  constructor(transport: Transport, broker: Broker, options: StompOptions, encoder: MessageEncoder) {
    this.#transport = transport;
    this.#broker = broker;
    this.#options = options;
    this.#encoder = encoder;
    this.#outbox = new Outbox(transport, broker.clock, options.maxOutboxBytes);
    this.#gate = new ReadGate(transport);
    this.#heartBeats = new HeartBeats(broker.timers);
    this.#stopListening = broker.pressure.listen(() => this.#followPressure());
    this.lastReceivedMs = broker.clock.now();
    this.#state = { name: "awaiting-connect", sinceMs: this.lastReceivedMs };
  }

  get isHeld(): boolean {
    return this.#gate.isHeld;
  }

  receive(chunk: Uint8Array): void {
    if (this.#state.name === "closed" || this.#state.name === "leaving") return;
    this.lastReceivedMs = this.#broker.clock.now();
    this.#decoder.push(chunk);
    this.#work();
    this.#decoder.retain();
  }

  tick(nowMs: number): void {
    this.drained();
    this.#encoder.forget();
    const state = this.#state;
    if (state.name !== "awaiting-connect" && state.name !== "connecting") return;
    const { connectTimeoutMs } = this.#options;
    if (nowMs - state.sinceMs < connectTimeoutMs) return;
    const what = state.name === "connecting" ? "login was not checked" : "no CONNECT";
    this.#fail(new BrokerError("timeout", `${what} within ${connectTimeoutMs} ms`), undefined);
  }

  drained(): void {
    this.#outbox.drained();
    if (this.#gate.has("output")) this.#work();
  }

  closed(): void {
    this.#leave();
  }

  shutdown(reason: "shutdown" | "administrative"): void {
    const why = reason === "shutdown" ? "the broker stops" : "an operator closed this connection";
    this.#fail(new BrokerError(reason, why), undefined);
  }

  /** Takes frames one after the other until one has to wait, or there are no more. */
  #work(): void {
    while (!this.#isBusy && this.#hears()) {
      if (this.#state.name === "open" && !this.#takeRepeated(this.#state.repeated)) return;
      const frame = this.#nextFrame();
      if (frame === undefined) return;
      this.#handle(frame);
    }
  }

  /** False when what comes is of no interest, or has to wait until the peer reads its answers. */
  #hears(): boolean {
    if (this.#state.name === "closed" || this.#state.name === "leaving") return false;
    const { maxMessageBytes } = this.#broker.limits;
    const isUnread = this.#outbox.waitingBytes > this.#options.maxOutboxBytes + maxMessageBytes + unreadBytes;
    if (isUnread) this.#gate.hold("output");
    else this.#gate.free("output");
    return !isUnread;
  }

  /** False when that was the end. */
  #takeRepeated(repeated: RepeatedFrames): boolean {
    try {
      repeated.run(this.#decoder.splitter, this.lastReceivedMs);
    } catch (error) {
      this.#fail(asBrokerError(error), repeated.receipt);
    }
    return this.#state.name === "open";
  }

  #nextFrame(): Frame | undefined {
    try {
      return this.#decoder.next();
    } catch (error) {
      this.#fail(asBrokerError(error), this.#decoder.failedReceipt());
      return undefined;
    }
  }

  #handle(frame: Frame): void {
    const receipt = headerOf(frame.headers, "receipt");
    try {
      const done = this.#execute(frame);
      if (done !== undefined)
        void this.#wait(done, receipt).catch((fault: unknown) => this.#transport.failed(fault));
      else if (this.#state.name === "open") this.#state.repeated.learn(frame);
    } catch (error) {
      this.#fail(asBrokerError(error), receipt);
    }
  }

  /** Nothing else is handled until that is done. */
  async #wait(done: Promise<void>, receipt: string | undefined): Promise<void> {
    this.#isBusy = true;
    this.#gate.hold("busy");
    try {
      await done;
    } catch (error) {
      this.#fail(asBrokerError(error), receipt);
      return;
    }
    this.#isBusy = false;
    this.#gate.free("busy");
    this.#work();
  }

  #execute(frame: Frame): Promise<void> | undefined {
    const state = this.#state;
    switch (state.name) {
      case "awaiting-connect":
        return this.#connect(frame);
      case "open":
        return this.#executeOpen(frame, state.session, state.client);
      case "connecting":
      case "leaving":
      case "closed":
        return undefined;
    }
  }

  #connect(frame: Frame): Promise<void> {
    if (frame.command !== "CONNECT" && frame.command !== "STOMP") {
      throw isClientCommand(frame.command)
        ? new StompError("protocol-violation", "Not connected", `${frame.command} before CONNECT`)
        : badCommand(frame.command);
    }
    const request = readConnect(frame);
    this.#version = request.version;
    this.#state = { name: "connecting", sinceMs: this.lastReceivedMs };
    return this.#login(request);
  }

  async #login(request: ConnectRequest): Promise<void> {
    const { version, credentials, clientId } = request;
    const client = await this.#broker.connect({
      credentials,
      virtualHost: this.#virtualHostOf(request.host),
      protocol: "stomp",
      version,
      clientId,
      peer: this.#transport.peer,
      isLoopback: this.#transport.isLoopback,
    });
    // The transport may have gone while we waited.
    if (this.#state.name !== "connecting") {
      client.close();
      return;
    }
    this.#open(client, request);
  }

  #open(client: Client, { version, clientId, heartBeat }: ConnectRequest): void {
    const fail = (error: BrokerError, receipt: string | undefined): void => this.#fail(error, receipt);
    const { maxHeaderCount, maxHeaderLineBytes, maxHeadBytes } = this.#options;
    const { maxMessageBytes: maxBodyBytes } = this.#broker.limits;
    this.#decoder.version = version;
    this.#decoder.limits = { maxHeaderCount, maxHeaderLineBytes, maxHeadBytes, maxBodyBytes };
    const session = new Session({
      broker: this.#broker,
      client,
      version,
      options: this.#options,
      outbox: this.#outbox,
      encoder: this.#encoder,
      receipts: new ReceiptBook(client, this.#outbox, version, fail),
      clientId,
      isOpen: () => this.#state.name === "open",
      fail,
    });
    this.#state = { name: "open", session, client, repeated: new RepeatedFrames(session) };
    const answer = answerHeartBeat(heartBeat, this.#options.minHeartBeatMs);
    const headers: FrameHeader[] = [
      ["version", version],
      ["session", client.publisher.connectionId],
      ["server", this.#options.server],
      ["heart-beat", `${answer.canSendMs},${answer.wantsMs}`],
    ];
    this.#outbox.send(encodeFrame("CONNECTED", headers, version), true);
    this.#heartBeats.start(answer, this.#outbox, this, (error) => this.#fail(error, undefined));
  }

  /**
   * The virtual host of a `host` header. Most clients put the name of the machine there, so what is no known
   * virtual host stands for the default one (STOMP 1.2, CONNECT or STOMP Frame, allows that), unless it has a
   * "/" and was meant.
   *
   * @throws StompError "not-found"
   */
  #virtualHostOf(host: string | undefined): string {
    for (const { name } of this.#broker.virtualHosts()) if (name === host) return name;
    if (host?.includes("/") !== true) return DEFAULT_VIRTUAL_HOST;
    throw new StompError("not-found", "Bad CONNECT", `there is no virtual host "${host}"`);
  }

  #executeOpen(frame: Frame, session: Session, client: Client): Promise<void> | undefined {
    switch (frame.command) {
      case "SEND":
        this.#publishes = true;
        this.#followPressure();
        return session.send(frame);
      case "SUBSCRIBE":
        return session.subscribe(frame);
      case "UNSUBSCRIBE":
        return session.unsubscribe(frame);
      case "ACK":
        session.ack(frame);
        return undefined;
      case "NACK":
        session.nack(frame);
        return undefined;
      case "DISCONNECT":
        this.#disconnect(frame, session, client);
        return undefined;
      case "CONNECT":
      case "STOMP":
        throw new StompError("protocol-violation", "Already connected", "a second CONNECT");
      default:
        executeTransaction(frame, session);
        return undefined;
    }
  }

  #disconnect(frame: Frame, session: Session, client: Client): void {
    this.#state = { name: "leaving", client };
    this.#heartBeats.stop();
    session.disconnect(frame, () => {
      this.#outbox.flush();
      this.#transport.end();
      this.#leave();
    });
  }

  /** A connection that publishes is not read while the broker is short of something. */
  #followPressure(): void {
    if (this.#publishes && this.#broker.pressure.isOn) this.#gate.hold("pressure");
    else this.#gate.free("pressure");
  }

  #fail(error: BrokerError, receipt: string | undefined): void {
    if (this.#state.name === "closed") return;
    this.#leave();
    this.#outbox.send(encodeError(error, this.#version ?? "1.0", receipt), true);
    this.#outbox.flush();
    this.#transport.end();
  }

  #leave(): void {
    const state = this.#state;
    if (state.name === "closed") return;
    this.#state = { name: "closed" };
    this.#heartBeats.stop();
    this.#gate.open();
    this.#stopListening();
    if (state.name === "open") state.session.end();
    if (state.name === "open" || state.name === "leaving") state.client.close();
  }
}

function executeTransaction(frame: Frame, session: Session): void {
  switch (frame.command) {
    case "BEGIN":
      session.begin(frame);
      return;
    case "COMMIT":
      session.commit(frame);
      return;
    case "ABORT":
      session.abort(frame);
      return;
    default:
      throw badCommand(frame.command);
  }
}

const clientCommands: ReadonlySet<string> = new Set(
  "SEND SUBSCRIBE UNSUBSCRIBE ACK NACK BEGIN COMMIT ABORT DISCONNECT".split(" "),
);

function isClientCommand(command: string): boolean {
  return clientCommands.has(command);
}

function badCommand(command: string): StompError {
  return new StompError("malformed", "Bad command", `there is no command ${JSON.stringify(command)}`);
}

/** Anything else is a bug, and must not be hidden. */
function asBrokerError(error: unknown): BrokerError {
  if (error instanceof BrokerError) return error;
  throw error;
}
