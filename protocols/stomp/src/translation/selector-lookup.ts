import { findHeader, type Message, type Value, valueToText } from "@dragoman/core";
import { compileSelector, type Lookup } from "../selector/compile.ts";
import type { SelectorValue } from "../selector/expression.ts";
import { parseSelector } from "../selector/parser.ts";

type Field = (message: Message) => SelectorValue;

/** What JMS calls the header fields of a message, and what ActiveMQ Artemis calls them. */
const fields: ReadonlyMap<string, Field> = new Map<string, Field>([
  ["JMSMessageID", (message) => message.id],
  ["JMSPriority", (message) => message.priority ?? 4],
  ["JMSTimestamp", (message) => message.receivedAtMs],
  ["JMSExpiration", (message) => message.expiresAtMs ?? 0],
  ["JMSType", (message) => message.properties.type],
  ["JMSCorrelationID", correlation],
  ["JMSDeliveryMode", (message) => (message.durable ? "PERSISTENT" : "NON_PERSISTENT")],
  ["AMQPriority", (message) => message.priority ?? 4],
  ["AMQTimestamp", (message) => message.receivedAtMs],
  ["AMQExpiration", (message) => message.expiresAtMs ?? 0],
  ["AMQDurable", (message) => (message.durable ? "DURABLE" : "NON_DURABLE")],
  ["AMQSize", (message) => message.body.length],
]);

/** The names under which STOMP shows properties; a header of the application counts first. */
const properties: ReadonlyMap<string, Field> = new Map<string, Field>([
  ["content-type", (message) => message.properties.contentType],
  ["content-encoding", (message) => message.properties.contentEncoding],
  ["correlation-id", correlation],
  ["reply-to", (message) => message.properties.replyTo?.raw],
  ["priority", (message) => message.priority],
  ["type", (message) => message.properties.type],
  ["timestamp", (message) => message.properties.timestamp?.value],
  ["app-id", (message) => message.properties.appId],
  ["user-id", (message) => message.properties.claimedUserId],
  ["amqp-message-id", (message) => message.properties.messageId],
  ["persistent", (message) => message.durable],
  ["retain", (message) => message.retain],
]);

/**
 * Whether a message is selected, by a `selector` header (STOMP 1.0, SUBSCRIBE).
 *
 * @throws BrokerError "malformed" when the selector makes no sense
 */
export function makeSelector(selector: string): (message: Message) => boolean {
  const selects = compileSelector(parseSelector(selector));
  return (message) => selects(lookupIn(message));
}

function lookupIn(message: Message): Lookup {
  return (name) => {
    const field = fields.get(name);
    if (field !== undefined) return field(message);
    const header = findHeader(message.properties.headers, name);
    return header === undefined ? properties.get(name)?.(message) : selectorValue(header);
  };
}

function correlation({ properties: { correlation: value } }: Message): string | undefined {
  return value === undefined ? undefined : Buffer.from(value.bytes).toString("utf8");
}

function selectorValue(value: Value): SelectorValue {
  switch (value.type) {
    case "boolean":
    case "int8":
    case "uint8":
    case "int16":
    case "uint16":
    case "int32":
    case "uint32":
    case "float32":
    case "float64":
      return value.value;
    case "int64":
    case "uint64":
    case "timestamp":
      return Number(value.value);
    case "decimal":
      return value.unscaled / 10 ** value.scale;
    case "void":
      return undefined;
    case "text":
    case "bytes":
    case "table":
    case "array":
      return valueToText(value);
  }
}
