import { BrokerError, type Client, type Credentials, type Transport } from "@dragoman/core";
import type { Auth } from "../codec/auth.ts";
import type { Connect } from "../codec/connect.ts";
import type { Properties } from "../codec/property.ts";
import type { ProtocolVersion } from "../codec/protocol-version.ts";
import { type ReasonCode, reasonCode } from "../codec/reason-code.ts";
import type { MqttContext } from "./context.ts";
import type { AuthenticationExchange, AuthenticationStep } from "./enhanced-authentication.ts";
import { type ConnectTerms, credentialsOf } from "./opening.ts";
import { ReasonError } from "./reason.ts";

/** What came of one step of a login. */
export type Proof =
  /** The client has to answer first. */
  | { readonly kind: "challenge"; readonly auth: Auth }
  /** The client may go on; the properties go out with the CONNACK. */
  | { readonly kind: "proved"; readonly client: Client; readonly properties: Properties };

const noBytes = Buffer.alloc(0);

const versionNames: Readonly<Record<ProtocolVersion, string>> = { 3: "3.1", 4: "3.1.1", 5: "5.0" };

/** Finds out who a client is: by user name and password, or by enhanced authentication, MQTT 5.0 §4.12. */
export class Handshake {
  readonly connect: Connect;
  readonly terms: ConnectTerms;
  readonly #context: MqttContext;
  readonly #transport: Transport;
  #exchange: AuthenticationExchange | undefined;
  /** Who has proved itself by enhanced authentication. */
  #user: string | undefined;

  constructor(connect: Connect, terms: ConnectTerms, context: MqttContext, transport: Transport) {
    this.connect = connect;
    this.terms = terms;
    this.#context = context;
    this.#transport = transport;
  }

  /** @throws BrokerError when the client is not who it says, or may not connect [MQTT-3.1.4-2], [MQTT-4.12.0-4] */
  async begin(): Promise<Proof> {
    const { authenticationMethod, authenticationData = noBytes } = this.connect.properties;
    // [MQTT-4.12.0-6]
    if (authenticationMethod === undefined) {
      return { kind: "proved", client: await this.#logIn(credentialsOf(this.connect)), properties: {} };
    }
    this.#exchange = this.#beginExchange(authenticationMethod);
    return this.#toProof(await this.#exchange.next(authenticationData));
  }

  /** The client's AUTH before the CONNACK [MQTT-4.12.0-3]. */
  async answer(auth: Auth): Promise<Proof> {
    this.#checkMethod(auth);
    if (auth.reason !== reasonCode.continueAuthentication || this.#exchange === undefined) {
      throw new BrokerError("protocol-violation", "AUTH out of turn [MQTT-4.12.0-3]");
    }
    return this.#toProof(await this.#exchange.next(auth.properties.authenticationData ?? noBytes));
  }

  /**
   * An AUTH of a client that is connected: it proves itself anew [MQTT-4.12.1-1], or answers.
   *
   * @returns the AUTH that answers it
   * @throws BrokerError when it fails, which ends the connection [MQTT-4.12.1-2]
   */
  async again(auth: Auth): Promise<Auth> {
    this.#checkMethod(auth);
    const { authenticationMethod = "" } = this.connect.properties;
    if (auth.reason === reasonCode.reAuthenticate) this.#exchange = this.#beginExchange(authenticationMethod);
    if (this.#exchange === undefined || auth.reason === reasonCode.success) {
      throw new BrokerError("protocol-violation", "AUTH out of turn [MQTT-4.12.1-1]");
    }
    const step = await this.#exchange.next(auth.properties.authenticationData ?? noBytes);
    if (step.kind === "done") this.#isStill(step.user);
    return this.#auth(
      step.kind === "done" ? reasonCode.success : reasonCode.continueAuthentication,
      step.data,
    );
  }

  /** The session, and what it may do, are those of whom the connection began with. */
  #isStill(user: string): void {
    this.#exchange = undefined;
    if (user !== this.#user) throw new BrokerError("not-authorized", "another user than the CONNECT's");
  }

  /** [MQTT-4.12.0-5], [MQTT-4.12.0-7] */
  #checkMethod({ properties }: Auth): void {
    const { authenticationMethod } = this.connect.properties;
    if (authenticationMethod === undefined || properties.authenticationMethod !== authenticationMethod) {
      throw new BrokerError(
        "protocol-violation",
        "AUTH of another method than the CONNECT's [MQTT-4.12.0-5]",
      );
    }
  }

  /** [MQTT-4.12.0-1] */
  #beginExchange(name: string): AuthenticationExchange {
    const method = this.#context.options.authenticationMethods.find((known) => known.name === name);
    if (method !== undefined) return method.begin();
    const message = `no authentication method '${name}' [MQTT-4.12.0-1]`;
    throw new ReasonError(reasonCode.badAuthenticationMethod, "bad-credentials", message);
  }

  async #toProof(step: AuthenticationStep): Promise<Proof> {
    if (step.kind === "continue") {
      return { kind: "challenge", auth: this.#auth(reasonCode.continueAuthentication, step.data) };
    }
    this.#exchange = undefined;
    this.#user = step.user;
    const client = await this.#logIn({ kind: "proved", user: step.user });
    return { kind: "proved", client, properties: this.#properties(step.data) };
  }

  #logIn(credentials: Credentials): Promise<Client> {
    const { broker, options } = this.#context;
    const { peer, isLoopback } = this.#transport;
    return broker.connect({
      credentials,
      virtualHost: options.virtualHost,
      protocol: "mqtt",
      version: versionNames[this.connect.version],
      clientId: this.terms.clientId,
      peer,
      isLoopback,
    });
  }

  #auth(reason: ReasonCode, data: Uint8Array | undefined): Auth {
    return { type: "auth", reason, properties: this.#properties(data) };
  }

  #properties(authenticationData: Uint8Array | undefined): Properties {
    const { authenticationMethod = "" } = this.connect.properties;
    return authenticationData === undefined
      ? { authenticationMethod }
      : { authenticationMethod, authenticationData };
  }
}
