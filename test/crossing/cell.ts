import type { AmqpFields } from "../clients/amqplib.ts";
import type { MqttFields, MqttSubscribeFields } from "../clients/mqtt-js.ts";

/** Who stands at an end of a crossing: a protocol in one version, spoken by its usual npm client. */
export type End = "mqtt5" | "mqtt3.1.1" | "stomp1.2" | "stomp1.1" | "stomp1.0" | "amqp";

/** What is sent, in the words of the publisher's client. */
export type Sent = { readonly body?: string | Buffer } & (
  | { readonly by: "mqtt5" | "mqtt3.1.1"; readonly fields: MqttFields }
  | { readonly by: "stomp1.2" | "stomp1.1" | "stomp1.0"; readonly fields: Readonly<Record<string, string>> }
  | { readonly by: "amqp"; readonly fields: AmqpFields }
);

/** What must arrive, in the words of the subscriber's client. */
export interface Arrives {
  readonly at: End;
  /** Fields that must be as given; others may be there. */
  readonly with: Readonly<Record<string, unknown>>;
  /** Paths to fields that must not be there. */
  readonly without?: readonly (readonly string[])[];
  /** How the subscriber asks, where that matters. */
  readonly subscribing?: MqttSubscribeFields;
}

/** One property in one direction: published to a topic of its own, and what a subscriber sees. */
export interface Cell {
  /** Of mapping.md. */
  readonly section: string;
  readonly name: string;
  readonly sent: Sent;
  readonly arrives: Arrives;
}

/** A cell that is not run: mapping.md says that it cannot exist, or nothing can be asked yet. */
export interface OmittedCell {
  readonly section: string;
  readonly name: string;
  /** In the words of mapping.md where it says so. */
  readonly because: string;
}

export function mqtt5(fields: MqttFields, body?: string | Buffer): Sent {
  return { by: "mqtt5", fields, ...(body === undefined ? {} : { body }) };
}

export function mqtt3(fields: MqttFields, body?: string | Buffer): Sent {
  return { by: "mqtt3.1.1", fields, ...(body === undefined ? {} : { body }) };
}

export function stomp(fields: Readonly<Record<string, string>>, body?: string | Buffer): Sent {
  return { by: "stomp1.2", fields, ...(body === undefined ? {} : { body }) };
}

export function amqp(fields: AmqpFields, body?: string | Buffer): Sent {
  return { by: "amqp", fields, ...(body === undefined ? {} : { body }) };
}

/** One line of a table whose cells share section and subscriber. */
export interface Row extends Omit<Arrives, "at"> {
  readonly name: string;
  readonly sent: Sent;
}

/** The lines of a table as cells. */
export function rows(section: string, at: End, lines: readonly Row[]): readonly Cell[] {
  return lines.map(({ name, sent, ...arrives }) => ({ section, name, sent, arrives: { at, ...arrives } }));
}
