import type { Broker } from "./broker.ts";

/** A duplex of bytes, as far as a protocol may know it: TCP, TLS, WebSocket or a test's pipe. */
export interface Transport {
  /** Address and port of the peer, as text. */
  readonly peer: string;
  /** The peer's address is one of this machine's own. */
  readonly isLoopback: boolean;
  /** The common name in the certificate that the peer has shown, when one was asked for and the signature is good. */
  readonly certifiedName?: string | undefined;
  /** Bytes given to `send` that the system has not taken yet. */
  readonly bufferedBytes: number;
  /** Text and other bytes travel differently, so that `isText` of `send` matters. */
  readonly keepsText: boolean;
  /**
   * Sends the bytes, together with what else is sent in the same turn of the loop. They must not change
   * afterwards.
   *
   * @param isText they are UTF-8 and would like to travel as text where the transport keeps the difference
   */
  send(bytes: Uint8Array, isText?: boolean): void;
  /** No more chunks until `resume`: the peer is made to wait. */
  pause(): void;
  resume(): void;
  /** Closes when everything sent has left. No more chunks come. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
  /**
   * To be called with what was thrown, and is no BrokerError, where no call of the transport's is there to catch it: a
   * fault of ours, which is reported and ends this connection, and no other.
   */
  failed(error: unknown): void;
}

/**
 * One peer, seen from its protocol: bytes, time and failure come in; effects leave through the transport
 * and the broker. None of the calls throws: a peer that breaks the rules is told so in its own words and
 * its transport is ended.
 */
export interface Connection {
  /**
   * @param chunk any part of the stream. It does not change any more, but a view of it keeps all of it in memory: what
   *   stays and is not most of it is copied
   */
  receive(chunk: Uint8Array): void;
  /** Called about once a second: keep-alive and heart-beats are decided here. */
  tick(nowMs: number): void;
  /** The transport has taken everything: `bufferedBytes` was high and is low again. */
  drained(): void;
  /** The transport is gone, for whatever reason. Called once; no call follows. */
  closed(): void;
  /** The broker stops, or an operator ends this connection: say goodbye and end the transport. */
  shutdown(reason: "shutdown" | "administrative"): void;
}

/** One wire protocol. */
export interface Protocol {
  /** Lower case: `mqtt`, `stomp`, `amqp`. */
  readonly name: string;
  /** WebSocket subprotocols by which a client asks for it, the preferred first. */
  readonly subprotocols: readonly string[];
  /** Over WebSocket, a peer that sends text is cut off. */
  readonly isBinaryOnly?: boolean;
  /** Whether a stream that begins with these bytes speaks it; "unclear" when more bytes are needed. */
  recognises(firstBytes: Uint8Array): "yes" | "no" | "unclear";
  /**
   * Takes up what the broker took back from the engine. Called when that is there and no time has passed since, so
   * before a session ends. May be called more than once.
   */
  resume?(broker: Broker): void;
  /** Begins to speak with a peer. */
  accept(transport: Transport, broker: Broker): Connection;
}
