import { BrokerError, type Connection, type Transport } from "@dragoman/core";
import type { Auth } from "../codec/auth.ts";
import { decodeFromClient } from "../codec/packet.ts";
import { PacketSplitter } from "../codec/packet-splitter.ts";
import { Admission, type AdmissionOwner, type Admitted } from "./admission.ts";
import type { MqttContext } from "./context.ts";
import type { Goodbye, OpenSession } from "./open-session.ts";
import { PacketSender } from "./packet-sender.ts";
import { ReadGate } from "./read-gate.ts";
import { reasonOf } from "./reason.ts";

const CLOSED: State = { name: "closed" };

type State =
  | { readonly name: "admission"; readonly admission: Admission }
  | ({ readonly name: "open" } & Admitted)
  | { readonly name: "closed" };

/** A CONNECT is refused above this size, in bytes: none of its fields can be longer than 65 535. */
const maxConnectBytes = 1_048_576;

/**
 * A peer that leaves more unread than this, in bytes, beside all that its subscriptions may heap up, is not heard until
 * it has read it: most packets have an answer.
 */
const unreadBytes = 1_048_576;

/** One MQTT client. */
export class MqttConnection implements Connection, AdmissionOwner {
  readonly #context: MqttContext;
  readonly #transport: Transport;
  readonly #splitter = new PacketSplitter(maxConnectBytes);
  readonly #sender: PacketSender;
  readonly #gate: ReadGate;
  /** Of those who publish. */
  #endPressure: (() => void) | undefined;
  #state: State;
  /** Milliseconds since 1970 at which the connection began, or its last packet came. */
  #lastPacketMs: number;
  /** The transport is closed. */
  #isGone = false;

  constructor(transport: Transport, context: MqttContext) {
    this.#transport = transport;
    this.#context = context;
    this.#sender = new PacketSender(transport, context.traffic);
    context.traffic.connections++;
    this.#gate = new ReadGate(transport);
    const parts = { context, transport, sender: this.#sender, gate: this.#gate };
    this.#state = { name: "admission", admission: new Admission(parts, this) };
    this.#lastPacketMs = context.broker.clock.now();
  }

  receive(chunk: Uint8Array): void {
    if (this.#state.name === "closed") return;
    this.#context.traffic.bytesReceived += chunk.length;
    this.#splitter.push(chunk);
    this.#run();
    this.#splitter.keep();
  }

  tick(nowMs: number): void {
    if (this.#gate.has("output")) this.#run();
    const silentMs = nowMs - this.#lastPacketMs;
    switch (this.#state.name) {
      case "admission":
        if (silentMs > this.#context.options.connectTimeoutMs) {
          this.fail(new BrokerError("timeout", `no CONNECT within ${silentMs} ms`));
        }
        return;
      case "open": {
        // While we do not read, the client's silence is ours.
        if (this.#gate.has("pressure") || this.#gate.has("storage") || this.#gate.has("command")) {
          this.#lastPacketMs = nowMs;
          return;
        }
        const { keepAliveMs } = this.#state;
        // [MQTT-3.1.2-22], MQTT 3.1.1 [MQTT-3.1.2-24]
        if (keepAliveMs > 0 && silentMs > keepAliveMs * 1.5) {
          this.fail(
            new BrokerError(
              "timeout",
              `silent for ${silentMs} ms, keep alive ${keepAliveMs} ms [MQTT-3.1.2-22]`,
            ),
          );
        }
        return;
      }
      case "closed":
        return;
    }
  }

  drained(): void {
    if (this.#state.name === "open") this.#state.open.drained();
    this.#run();
  }

  closed(): void {
    this.#sender.close();
    this.#isGone = true;
    this.#leaveIfGone();
  }

  /** What the peer sent before it went is done first: it may have published, and taken its will back. */
  #leaveIfGone(): void {
    if (this.#isGone && !this.#gate.has("command")) this.#leave(true);
  }

  shutdown(reason: "shutdown" | "administrative"): void {
    const error = new BrokerError(
      reason,
      reason === "shutdown" ? "the broker stops" : "ended by an operator",
    );
    // A kept session comes back to the next broker, and its client is not gone for the others.
    this.fail(error, reason !== "shutdown");
  }

  /** [MQTT-3.1.4-3], MQTT 3.1.1 [MQTT-3.1.4-2]: the session is another connection's from here on. */
  takenOver(): void {
    if (this.#state.name !== "open") return;
    const { open } = this.#state;
    this.#state = CLOSED;
    this.#disconnect(new BrokerError("taken-over", "another connection uses this client identifier"));
    open.close();
    this.#end();
  }

  get isClosed(): boolean {
    return this.#state.name === "closed";
  }

  admitted(admitted: Admitted): void {
    // [MQTT-3.2.2-15]
    this.#splitter.maxPacketBytes = this.#context.maxPacketBytes;
    this.#state = { name: "open", ...admitted };
  }

  goOn(): void {
    this.#gate.open("storage");
    this.#run();
  }

  /** The time is asked for once, whatever the chunk holds. */
  #run(): void {
    const nowMs = this.#context.broker.clock.now();
    try {
      while (!this.#gate.has("command") && this.#state.name !== "closed" && this.#next(nowMs))
        this.#packet(nowMs);
      this.#sender.flush();
      if (this.#leavesAnswers()) this.#gate.close("output");
      else this.#gate.open("output");
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      this.fail(error);
    }
  }

  #leavesAnswers(): boolean {
    const { options, maxPacketBytes } = this.#context;
    return this.#transport.bufferedBytes > options.maxBufferedBytes + maxPacketBytes + unreadBytes;
  }

  /** Moves to the next packet, past those that are passed on as the bytes they are. */
  #next(nowMs: number): boolean {
    if (
      this.#state.name === "open" &&
      this.#splitter.isInPlace &&
      this.#state.open.forward(this.#splitter, nowMs)
    ) {
      this.#lastPacketMs = nowMs;
    }
    return this.#splitter.next();
  }

  #packet(nowMs: number): void {
    this.#context.traffic.packetsReceived++;
    this.#lastPacketMs = nowMs;
    switch (this.#state.name) {
      case "admission":
        if (!this.#state.admission.take(this.#splitter)) this.#goodbye({ sendsWill: false });
        return;
      case "open":
        this.#openPacket(this.#state.open, nowMs);
        return;
      case "closed":
        return;
    }
  }

  #openPacket(open: OpenSession, nowMs: number): void {
    const packet = decodeFromClient(this.#splitter, this.#sender.version);
    if (packet.type === "publish") this.publishing(1);
    if (packet.type === "auth") {
      this.#reauthenticate(packet);
      return;
    }
    const after = open.handle(packet, nowMs);
    if (after === undefined) return;
    if (after instanceof Promise) this.command(() => after);
    else this.#goodbye(after);
  }

  /** [MQTT-4.12.1-1] */
  #reauthenticate(packet: Auth): void {
    if (this.#state.name !== "open") return;
    const { handshake } = this.#state;
    if (handshake === undefined) {
      throw new BrokerError("protocol-violation", "AUTH without a method in the CONNECT [MQTT-4.12.0-7]");
    }
    this.command(async () => {
      const answer = await handshake.again(packet);
      if (this.#state.name === "open") this.#sender.send(answer);
    });
  }

  /** A client that publishes is made to wait when the broker is short of memory or disk. */
  publishing(count: number): void {
    this.#context.traffic.messagesReceived += count;
    if (this.#endPressure !== undefined) return;
    const { pressure } = this.#context.broker;
    this.#endPressure = pressure.listen((isOn) => this.#pressureChanged(isOn));
    if (pressure.isOn) this.#gate.close("pressure");
  }

  #pressureChanged(isOn: boolean): void {
    if (isOn) this.#gate.close("pressure");
    else this.#gate.open("pressure");
  }

  /** Later packets wait until it is done. */
  command(run: () => Promise<void>): void {
    this.#gate.close("command");
    const goOn = (): void => {
      this.#gate.open("command");
      this.#run();
      this.#leaveIfGone();
    };
    const failed = (error: unknown): void => {
      if (!(error instanceof BrokerError)) throw error;
      this.fail(error);
    };
    // Anything else is a fault of ours, which nobody may hide.
    void run()
      .then(goOn, failed)
      .catch((error: unknown) => this.#transport.failed(error));
  }

  #goodbye({ sendsWill }: Goodbye): void {
    this.#leave(sendsWill);
    this.#end();
  }

  /** Tells the peer why, in its own words, and ends the connection [MQTT-4.13.1-1], MQTT 3.1.1 [MQTT-4.8.0-1]. */
  fail(error: BrokerError, sendsWill = true): void {
    switch (this.#state.name) {
      case "admission":
        this.#state.admission.refuse(error);
        this.#state = CLOSED;
        break;
      case "open": {
        const { session } = this.#state.open;
        this.#disconnect(error);
        this.#leave(sendsWill || !session.isKept);
        break;
      }
      case "closed":
        return;
    }
    this.#end();
  }

  /** Only MQTT 5.0 has a DISCONNECT from the server [MQTT-3.14.0-1]; it has no Session Expiry Interval [MQTT-3.14.2-2]. */
  #disconnect(error: BrokerError): void {
    if (this.#sender.version !== 5) return;
    const reason = reasonOf(error, "disconnect");
    this.#sender.sendLast({ type: "disconnect", reason, properties: { reasonString: error.message } });
  }

  #leave(sendsWill: boolean): void {
    const state = this.#state;
    this.#state = CLOSED;
    this.#endPressure?.();
    if (state.name !== "open") return;
    state.open.close();
    state.open.leave(this, sendsWill);
  }

  /** Nothing more is sent after this [MQTT-3.14.4-1], [MQTT-3.14.4-2], [MQTT-4.13.2-1]. */
  #end(): void {
    this.#endPressure?.();
    this.#sender.close();
    this.#transport.end();
  }
}
