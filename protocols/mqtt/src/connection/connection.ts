import {
  BrokerError,
  type Client,
  type Connection,
  type SessionHolder,
  type Sessions,
  type Transport,
  type Will,
} from "@dragoman/core";
import type { Auth } from "../codec/auth.ts";
import { type Connack, connectReturnCode } from "../codec/connack.ts";
import type { Connect } from "../codec/connect.ts";
import { decodeFromClient, decodePacket, packetName, type PacketPlace } from "../codec/packet.ts";
import { PacketSplitter } from "../codec/packet-splitter.ts";
import type { Properties } from "../codec/property.ts";
import { reasonCode } from "../codec/reason-code.ts";
import { openJson } from "../translation/envelope.ts";
import { toWillMessage } from "../translation/inbound-message.ts";
import { targetOf } from "../translation/topic-address.ts";
import type { MqttContext } from "./context.ts";
import { Handshake, type Proof } from "./handshake.ts";
import { agreeOn, connackProperties, readVersion } from "./opening.ts";
import { type Goodbye, OpenSession, type SessionOwner } from "./open-session.ts";
import { PacketSender } from "./packet-sender.ts";
import { ReadGate } from "./read-gate.ts";
import { ReasonError, reasonOf } from "./reason.ts";
import { sessionPrefix } from "./session-states.ts";

const CLOSED: State = { name: "closed" };
const AWAITING_CONNECT: State = { name: "awaiting-connect" };

type State =
  | { readonly name: "awaiting-connect" }
  /** The CONNECT has come; the login is being checked, or the client must answer a challenge. */
  | { readonly name: "handshake"; readonly handshake: Handshake }
  | {
      readonly name: "open";
      readonly open: OpenSession;
      /** Of a client that may prove itself anew; nobody else needs what the CONNECT said. */
      readonly handshake: Handshake | undefined;
      readonly keepAliveMs: number;
    }
  | { readonly name: "closed" };

/** A CONNECT is refused above this size, in bytes: none of its fields can be longer than 65 535. */
const maxConnectBytes = 1_048_576;

/**
 * A peer that leaves more unread than this, in bytes, beside all that its subscriptions may heap up, is not heard until
 * it has read it: most packets have an answer.
 */
const unreadBytes = 1_048_576;

/** One MQTT client. */
export class MqttConnection implements Connection, SessionHolder, SessionOwner {
  readonly #context: MqttContext;
  readonly #transport: Transport;
  readonly #splitter = new PacketSplitter(maxConnectBytes);
  readonly #sender: PacketSender;
  readonly #gate: ReadGate;
  /** Of those who publish. */
  #endPressure: (() => void) | undefined;
  #state: State = AWAITING_CONNECT;
  /** Milliseconds since 1970 at which the connection began, or its last packet came. */
  #lastPacketMs: number;
  /** The transport is closed. */
  #isGone = false;
  /** The version is known, so a refusal can be told. */
  #speaks = false;

  constructor(transport: Transport, context: MqttContext) {
    this.#transport = transport;
    this.#context = context;
    this.#sender = new PacketSender(transport, context.traffic);
    context.traffic.connections++;
    this.#gate = new ReadGate(transport);
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
      case "awaiting-connect":
      case "handshake":
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
      this.#sender.sendAnswers();
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
      case "awaiting-connect":
        this.#firstPacket();
        return;
      case "handshake":
        this.#authenticate(this.#state.handshake);
        return;
      case "open":
        this.#openPacket(this.#state.open, nowMs);
        return;
      case "closed":
        return;
    }
  }

  /** [MQTT-3.1.0-1] */
  #firstPacket(): void {
    const splitter = this.#splitter;
    if (packetName(splitter.bytes[splitter.start] ?? 0) !== "connect") {
      throw new BrokerError("protocol-violation", "the first packet is not a CONNECT [MQTT-3.1.0-1]");
    }
    // What the login needs must outlast the chunk.
    const place = copyOf(splitter);
    const named = readVersion(place);
    this.#speaks = named !== undefined;
    if (named !== undefined) this.#sender.version = named.answerIn;
    if (named !== undefined && named.version === undefined) {
      const message = `protocol level ${named.level} [MQTT-3.1.2-2]`;
      throw new ReasonError(reasonCode.unsupportedProtocolVersion, "unsupported", message);
    }
    const packet = decodePacket(place, this.#sender.version);
    if (packet.type === "connect") this.#connect(packet);
  }

  #connect(connect: Connect): void {
    const { maximumPacketSize, requestProblemInformation } = connect.properties;
    if (maximumPacketSize !== undefined) this.#sender.maxPacketBytes = maximumPacketSize;
    this.#sender.tellsProblems = requestProblemInformation !== 0;
    const terms = agreeOn(connect, this.#context.options);
    const handshake = new Handshake(connect, terms, this.#context, this.#transport);
    this.#state = { name: "handshake", handshake };
    this.#command(async () => this.#prove(handshake, await handshake.begin()));
  }

  /** [MQTT-3.1.2-30]: only AUTH and DISCONNECT may come before the CONNACK. */
  #authenticate(handshake: Handshake): void {
    const packet = decodePacket(copyOf(this.#splitter), this.#sender.version);
    if (packet.type === "disconnect") {
      this.#state = CLOSED;
      this.#end();
    } else if (packet.type === "auth") {
      this.#command(async () => this.#prove(handshake, await handshake.answer(packet)));
    } else {
      throw new BrokerError("protocol-violation", `${packet.type} before the CONNACK [MQTT-3.1.2-30]`);
    }
  }

  #prove(handshake: Handshake, proof: Proof): void {
    if (this.#state.name === "closed") {
      if (proof.kind === "proved") proof.client.close();
    } else if (proof.kind === "challenge") {
      this.#sender.send(proof.auth);
    } else {
      try {
        this.#open(handshake, proof.client, proof.properties);
      } catch (error) {
        if (this.#state.name === "handshake") proof.client.close();
        throw error;
      }
    }
  }

  #open(handshake: Handshake, client: Client, proved: Properties): void {
    const { connect, terms } = handshake;
    const context = this.#context;
    const expiryMs = terms.sessionExpiry * 1_000;
    // [MQTT-3.1.3-2]
    const id = sessionPrefix + terms.clientId;
    const will = this.#willOf(connect, client);
    const limits = connackProperties(connect, terms, context.options, context.maxPacketBytes);
    const connack: Connack = {
      type: "connack",
      sessionPresent: false,
      reason: reasonCode.success,
      properties: { ...limits, ...proved },
    };
    // A client that accepts no CONNACK is not let in.
    this.#sender.fit(connack);
    // [MQTT-3.1.4-4]: [MQTT-3.1.2-4], [MQTT-3.1.2-5], [MQTT-3.1.2-6], MQTT 3.1.1 [MQTT-3.1.4-3]: [MQTT-3.1.2-4],
    // [MQTT-3.1.2-6]
    const { session, isPresent } = this.#takeSession(id, client, { resume: !connect.cleanStart, expiryMs });
    session.will = will;
    const { clientId } = terms;
    const parts = { transport: this.#transport, sender: this.#sender, gate: this.#gate };
    const open = new OpenSession({ context, client, session, connect, clientId, ...parts }, this);
    // [MQTT-3.2.2-15]
    this.#splitter.maxPacketBytes = context.maxPacketBytes;
    const mayProveAgain = connect.properties.authenticationMethod !== undefined;
    this.#state = {
      name: "open",
      open,
      handshake: mayProveAgain ? handshake : undefined,
      keepAliveMs: terms.keepAlive * 1_000,
    };
    // [MQTT-3.1.4-5], [MQTT-3.2.0-1], [MQTT-3.2.0-2], [MQTT-3.2.2-2], [MQTT-3.2.2-3], MQTT 3.1.1 [MQTT-3.1.4-4],
    // [MQTT-3.2.2-1], [MQTT-3.2.2-2], [MQTT-3.2.2-3]
    this.#sender.send({ ...connack, sessionPresent: isPresent });
    open.resume();
  }

  /**
   * A will of it that waits for its delay waits no longer, and is not published [MQTT-3.1.3-9].
   *
   * @throws BrokerError "not-authorized" when the session of that name is another user's
   */
  #takeSession(
    id: string,
    client: Client,
    terms: { readonly resume: boolean; readonly expiryMs: number },
  ): ReturnType<Sessions["open"]> {
    const user = this.#context.options.protectsSessions ? client.identity.user : undefined;
    return client.vhost.sessions.open(id, this, { ...terms, user });
  }

  /**
   * [MQTT-3.1.2-7]
   *
   * @throws BrokerError when the client may not publish it
   */
  #willOf({ will, version }: Connect, client: Client): Will | undefined {
    // MQTT 3.1.1 [MQTT-3.1.2-12]
    if (will === undefined) return undefined;
    const { publisher, vhost } = client;
    const target = targetOf(will.topic, vhost, this, this.#context.mounts);
    const content = this.#context.encloses(version) ? { ...will, ...openJson(will.payload) } : will;
    const message = toWillMessage(content, { version, publisher, target, nowMs: vhost.timers.now() });
    client.checkPublish(message);
    return {
      message,
      delayMs: (will.properties.willDelayInterval ?? 0) * 1_000,
      mayPublish: () => client.mayPublish(message),
    };
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
    if (after instanceof Promise) this.#command(() => after);
    else this.#goodbye(after);
  }

  /** [MQTT-4.12.1-1] */
  #reauthenticate(packet: Auth): void {
    if (this.#state.name !== "open") return;
    const { handshake } = this.#state;
    if (handshake === undefined) {
      throw new BrokerError("protocol-violation", "AUTH without a method in the CONNECT [MQTT-4.12.0-7]");
    }
    this.#command(async () => {
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
  #command(run: () => Promise<void>): void {
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
      case "awaiting-connect":
      case "handshake":
        if (this.#speaks) this.#refuse(error);
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

  /**
   * A CONNACK that refuses: session present is 0 [MQTT-3.2.2-6], MQTT 3.1.1 [MQTT-3.2.2-4], and the connection ends
   * [MQTT-3.2.2-7], MQTT 3.1.1 [MQTT-3.2.2-5], without a look at what came behind the CONNECT [MQTT-3.1.4-6],
   * MQTT 3.1.1 [MQTT-3.1.4-5].
   */
  #refuse(error: BrokerError): void {
    const reason = reasonOf(error, "connack");
    // MQTT 3.1.1 [MQTT-3.1.4-1], [MQTT-3.2.2-6]: what it has no code for is not told.
    if (this.#sender.version !== 5 && connectReturnCode(reason) === undefined) return;
    const properties = this.#sender.version === 5 ? { reasonString: error.message } : {};
    this.#sender.sendLast({ type: "connack", sessionPresent: false, reason, properties });
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

/** The packet in bytes of its own: for what is needed when the chunk is gone. */
function copyOf({ bytes, start, bodyStart, end }: PacketPlace): PacketPlace {
  return {
    bytes: Buffer.from(bytes.subarray(start, end)),
    start: 0,
    bodyStart: bodyStart - start,
    end: end - start,
  };
}
