import {
  type Broker,
  BrokerError,
  type Client,
  type Credentials,
  DEFAULT_VIRTUAL_HOST,
  type Identity,
  type Transport,
} from "@dragoman/core";
import { AmqpError } from "../codec/amqp-error.ts";
import { FRAME_MIN_SIZE } from "../codec/constants.generated.ts";
import type {
  ConnectionOpen,
  ConnectionStartOk,
  ConnectionTuneOk,
} from "../codec/methods/connection.generated.ts";
import type { Method } from "../codec/methods/methods.generated.ts";
import type { AmqpOptions } from "../options.ts";
import type { Outbox } from "./outbox.ts";
import { mechanismsFor, readResponse } from "./sasl.ts";
import { type ClientProperties, readClientProperties, serverProperties } from "./server-properties.ts";

/** What both sides agreed upon. */
export interface Agreement {
  readonly client: Client;
  readonly clientProperties: ClientProperties;
  /** Channels at most. */
  readonly channelMax: number;
  /** Bytes of a frame at most. */
  readonly frameMax: number;
  /** 0 for no heartbeats. */
  readonly heartbeatSeconds: number;
}

type Step =
  | { readonly name: "start-ok" }
  | { readonly name: "tune-ok"; readonly login: Login }
  | { readonly name: "open"; readonly login: Login; readonly limits: Limits };

interface Login {
  /** Without the password, which was good. */
  readonly credentials: Credentials;
  /** Undefined when the proof was good, but only another virtual host is open to it. */
  readonly identity: Identity | undefined;
  readonly clientProperties: ClientProperties;
}

type Limits = Pick<Agreement, "channelMax" | "frameMax" | "heartbeatSeconds">;

/** From the protocol header to connection.open-ok. AMQP 0-9-1 §2.2.4 */
export class Handshake {
  readonly #broker: Broker;
  readonly #transport: Transport;
  readonly #outbox: Outbox;
  readonly #options: AmqpOptions;
  #step: Step = { name: "start-ok" };
  /** Set when the login failed and the client has not asked to be told why. */
  closesSilently = false;

  constructor(broker: Broker, transport: Transport, outbox: Outbox, options: AmqpOptions) {
    this.#broker = broker;
    this.#transport = transport;
    this.#outbox = outbox;
    this.#options = options;
  }

  start(): void {
    this.#outbox.method(0, {
      name: "connection.start",
      versionMajor: 0,
      versionMinor: 9,
      serverProperties: serverProperties(this.#options),
      mechanisms: Buffer.from(mechanismsFor(this.#transport.certifiedName).join(" ")),
      locales: Buffer.from("en_US"),
    });
  }

  /**
   * @returns the agreement, when this was the last step
   * @throws AmqpError when the method is not the one that must come now, or asks for what cannot be
   */
  async handle(method: Method): Promise<Agreement | undefined> {
    const step = this.#step;
    if (method.name === "connection.start-ok" && step.name === "start-ok") {
      await this.#startOk(method);
      return undefined;
    }
    if (method.name === "connection.tune-ok" && step.name === "tune-ok") {
      this.#step = { name: "open", login: step.login, limits: this.#tuneOk(method) };
      return undefined;
    }
    if (method.name === "connection.open" && step.name === "open") {
      return this.#open(method, step.login, step.limits);
    }
    throw new AmqpError("command-invalid", `expected 'connection.${step.name}', got '${method.name}'`);
  }

  async #startOk({ mechanism, response, clientProperties: table }: ConnectionStartOk): Promise<void> {
    const clientProperties = readClientProperties(table);
    try {
      const credentials = readResponse(mechanism, response, this.#transport.certifiedName);
      const identity = await this.#verify(credentials);
      this.#step = {
        name: "tune-ok",
        login: { credentials: withoutPassword(credentials), identity, clientProperties },
      };
    } catch (cause) {
      if (!(cause instanceof BrokerError) || cause.code !== "bad-credentials") throw cause;
      this.closesSilently = !clientProperties.wantsFailureClose;
      throw new AmqpError(
        "access-refused",
        `Login was refused using authentication mechanism ${mechanism}. For details see the broker logfile.`,
      );
    }
    const { channelMax, frameMax, heartbeatSeconds: heartbeat } = this.#options;
    this.#outbox.method(0, { name: "connection.tune", channelMax, frameMax, heartbeat });
  }

  /** Who it is must be clear now; where it may go is asked when it says where, in connection.open. */
  async #verify(credentials: Credentials): Promise<Identity | undefined> {
    const { peer, isLoopback } = this.#transport;
    try {
      return await this.#broker.authority.connect(credentials, DEFAULT_VIRTUAL_HOST, {
        protocol: "amqp",
        peer,
        isLoopback,
      });
    } catch (cause) {
      if (!(cause instanceof BrokerError) || cause.code !== "not-authorized") throw cause;
      return undefined;
    }
  }

  /** 0 stands for our own limit; a client may lower ours, never raise it. AMQP 0-9-1 §1.4.2.6 */
  #tuneOk({ channelMax, frameMax, heartbeat }: ConnectionTuneOk): Limits {
    const agreedFrameMax = agree("frame_max", frameMax, this.#options.frameMax);
    if (agreedFrameMax < FRAME_MIN_SIZE) {
      throw new AmqpError(
        "not-allowed",
        `negotiated frame_max = ${frameMax} is lower than the minimum allowed value (${FRAME_MIN_SIZE})`,
      );
    }
    return {
      channelMax: agree("channel_max", channelMax, this.#options.channelMax),
      frameMax: agreedFrameMax,
      heartbeatSeconds: heartbeat,
    };
  }

  async #open(
    { virtualHost }: ConnectionOpen,
    { credentials, identity, clientProperties }: Login,
    limits: Limits,
  ): Promise<Agreement> {
    const { peer, isLoopback } = this.#transport;
    // What it was let in for holds in the virtual host that was asked about; for another, ask again.
    const proved = virtualHost === DEFAULT_VIRTUAL_HOST ? identity : undefined;
    const request = {
      credentials,
      proved,
      virtualHost,
      protocol: "amqp",
      version: "0-9-1",
      peer,
      isLoopback,
    };
    try {
      const client = await this.#broker.connect(request);
      return { client, clientProperties, ...limits };
    } catch (cause) {
      if (!(cause instanceof BrokerError)) throw cause;
      throw refusedVirtualHost(cause, virtualHost, credentials);
    }
  }
}

/** A password is checked once: that takes time by intention. */
function withoutPassword(credentials: Credentials): Credentials {
  return credentials.kind === "password" ? { kind: "proved", user: credentials.user } : credentials;
}

function agree(name: string, wanted: number, ours: number): number {
  if (wanted <= ours) return wanted === 0 ? ours : wanted;
  throw new AmqpError(
    "not-allowed",
    `negotiated ${name} = ${wanted} is higher than the maximum allowed value (${ours})`,
  );
}

function refusedVirtualHost(cause: BrokerError, name: string, credentials: Credentials): BrokerError {
  if (cause.code === "not-found") return new AmqpError("not-allowed", `vhost ${name} not found`);
  if (cause.code !== "not-authorized") return cause;
  const user = credentials.kind === "anonymous" ? "anonymous" : credentials.user;
  return new AmqpError("not-allowed", `access to vhost '${name}' refused for user '${user}'`);
}
