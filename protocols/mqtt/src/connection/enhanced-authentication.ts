/** A way of enhanced authentication, MQTT 5.0 §4.12. */
export interface AuthenticationMethod {
  /** The Authentication Method property: `SCRAM-SHA-256`. */
  readonly name: string;
  /** Begins one exchange with one client. */
  begin(): AuthenticationExchange;
}

/** One exchange of challenges and answers. */
export interface AuthenticationExchange {
  /**
   * Takes the client's next Authentication Data; the first may be empty.
   *
   * @throws BrokerError "bad-credentials" when the client has not proved who it is, "malformed" when the data
   *   do not follow the method's grammar
   */
  next(data: Uint8Array): Promise<AuthenticationStep>;
}

export type AuthenticationStep =
  /** The client must answer this challenge [MQTT-4.12.0-2]. */
  | { readonly kind: "continue"; readonly data: Uint8Array }
  /** The client is who it says. The data, if any, go out with the CONNACK or the last AUTH. */
  | { readonly kind: "done"; readonly user: string; readonly data: Uint8Array | undefined };
