import {
  BrokerError,
  type Client,
  type SessionHolder,
  type Sessions,
  type Transport,
  type Will,
} from "@dragoman/core";
import { type Connack, connectReturnCode } from "../codec/connack.ts";
import type { Connect } from "../codec/connect.ts";
import { decodePacket, packetName, type PacketPlace } from "../codec/packet.ts";
import type { Properties } from "../codec/property.ts";
import { reasonCode } from "../codec/reason-code.ts";
import { openJson } from "../translation/envelope.ts";
import { toWillMessage } from "../translation/inbound-message.ts";
import { targetOf } from "../translation/topic-address.ts";
import type { MqttContext } from "./context.ts";
import { Handshake, type Proof } from "./handshake.ts";
import { agreeOn, connackProperties, readVersion } from "./opening.ts";
import { OpenSession, type SessionOwner } from "./open-session.ts";
import type { PacketSender } from "./packet-sender.ts";
import type { ReadGate } from "./read-gate.ts";
import { ReasonError, reasonOf } from "./reason.ts";
import { sessionPrefix } from "./session-states.ts";

/** A client that was let in. */
export interface Admitted {
  readonly open: OpenSession;
  /** Of a client that may prove itself anew; nobody else needs what the CONNECT said. */
  readonly handshake: Handshake | undefined;
  readonly keepAliveMs: number;
}

/** The connection that a client asks to be let in by. */
export interface AdmissionOwner extends SessionHolder, SessionOwner {
  /** It has ended while a login was being checked. */
  readonly isClosed: boolean;
  /** Later packets wait until it is done. */
  command(run: () => Promise<void>): void;
  /** Called before the CONNACK is sent. */
  admitted(admitted: Admitted): void;
}

export interface AdmissionParts {
  readonly context: MqttContext;
  readonly transport: Transport;
  readonly sender: PacketSender;
  readonly gate: ReadGate;
}

/** What happens between a connection's first packet and its CONNACK: MQTT 5.0 §3.1.4, §4.12. */
export class Admission {
  readonly #context: MqttContext;
  readonly #transport: Transport;
  readonly #sender: PacketSender;
  readonly #gate: ReadGate;
  readonly #owner: AdmissionOwner;
  /** The CONNECT has come; the login is being checked, or the client must answer a challenge. */
  #handshake: Handshake | undefined;
  /** The version is known, so a refusal can be told. */
  #speaks = false;
  #isOver = false;

  constructor({ context, transport, sender, gate }: AdmissionParts, owner: AdmissionOwner) {
    this.#context = context;
    this.#transport = transport;
    this.#sender = sender;
    this.#gate = gate;
    this.#owner = owner;
  }

  /**
   * Takes the next packet.
   *
   * @returns false when the client takes its leave with it
   * @throws BrokerError when the client is not to be let in
   */
  take(lying: PacketPlace): boolean {
    if (this.#handshake !== undefined) return this.#authenticate(this.#handshake, lying);
    this.#firstPacket(lying);
    return true;
  }

  /**
   * A CONNACK that refuses: session present is 0 [MQTT-3.2.2-6], MQTT 3.1.1 [MQTT-3.2.2-4], and the connection ends
   * [MQTT-3.2.2-7], MQTT 3.1.1 [MQTT-3.2.2-5], without a look at what came behind the CONNECT [MQTT-3.1.4-6],
   * MQTT 3.1.1 [MQTT-3.1.4-5].
   */
  refuse(error: BrokerError): void {
    if (!this.#speaks) return;
    const reason = reasonOf(error, "connack");
    // MQTT 3.1.1 [MQTT-3.1.4-1], [MQTT-3.2.2-6]: what it has no code for is not told.
    if (this.#sender.version !== 5 && connectReturnCode(reason) === undefined) return;
    const properties = this.#sender.version === 5 ? { reasonString: error.message } : {};
    this.#sender.sendLast({ type: "connack", sessionPresent: false, reason, properties });
  }

  /** [MQTT-3.1.0-1] */
  #firstPacket(lying: PacketPlace): void {
    if (packetName(lying.bytes[lying.start] ?? 0) !== "connect") {
      throw new BrokerError("protocol-violation", "the first packet is not a CONNECT [MQTT-3.1.0-1]");
    }
    // What the login needs must outlast the chunk.
    const place = copyOf(lying);
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
    this.#handshake = handshake;
    this.#owner.command(async () => this.#prove(handshake, await handshake.begin()));
  }

  /** [MQTT-3.1.2-30]: only AUTH and DISCONNECT may come before the CONNACK. */
  #authenticate(handshake: Handshake, lying: PacketPlace): boolean {
    const packet = decodePacket(copyOf(lying), this.#sender.version);
    if (packet.type === "disconnect") return false;
    if (packet.type !== "auth") {
      throw new BrokerError("protocol-violation", `${packet.type} before the CONNACK [MQTT-3.1.2-30]`);
    }
    this.#owner.command(async () => this.#prove(handshake, await handshake.answer(packet)));
    return true;
  }

  #prove(handshake: Handshake, proof: Proof): void {
    if (this.#owner.isClosed) {
      if (proof.kind === "proved") proof.client.close();
    } else if (proof.kind === "challenge") {
      this.#sender.send(proof.auth);
    } else {
      try {
        this.#open(handshake, proof.client, proof.properties);
      } catch (error) {
        if (!this.#isOver) proof.client.close();
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
    const open = new OpenSession({ context, client, session, connect, clientId, ...parts }, this.#owner);
    const mayProveAgain = connect.properties.authenticationMethod !== undefined;
    this.#isOver = true;
    this.#owner.admitted({
      open,
      handshake: mayProveAgain ? handshake : undefined,
      keepAliveMs: terms.keepAlive * 1_000,
    });
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
    return client.vhost.sessions.open(id, this.#owner, { ...terms, user });
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
    const target = targetOf(will.topic, vhost, this.#owner, this.#context.mounts);
    const content = this.#context.encloses(version) ? { ...will, ...openJson(will.payload) } : will;
    const message = toWillMessage(content, { version, publisher, target, nowMs: vhost.timers.now() });
    client.checkPublish(message);
    return {
      message,
      delayMs: (will.properties.willDelayInterval ?? 0) * 1_000,
      mayPublish: () => client.mayPublish(message),
    };
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
