import fc from "fast-check";
import { fieldTable, shortString } from "../field-table.arbitraries.ts";
import type { Method } from "./methods.generated.ts";

const octet = fc.integer({ min: 0, max: 255 });
const short = fc.integer({ min: 0, max: 0xffff });
const long = fc.integer({ min: 0, max: 0xffff_ffff });
const longLong = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const bit = fc.boolean();
const longString = fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes));

const close = { replyCode: short, replyText: shortString, classId: short, methodId: short };
const binding = { routingKey: shortString, arguments: fieldTable };
const exchangeBinding = { destination: shortString, source: shortString, noWait: bit, ...binding };
const address = { exchange: shortString, routingKey: shortString };
const delivery = { deliveryTag: longLong, redelivered: bit, ...address };
const declaration = { passive: bit, durable: bit, autoDelete: bit, noWait: bit, arguments: fieldTable };

type Fields<N> = {
  [F in Exclude<keyof Extract<Method, { name: N }>, "name">]: fc.Arbitrary<Extract<Method, { name: N }>[F]>;
};

/** What each method may carry; the compiler sees that none is missing. */
const methodFields: { readonly [N in Method["name"]]: Fields<N> } = {
  "connection.start": {
    versionMajor: octet,
    versionMinor: octet,
    serverProperties: fieldTable,
    mechanisms: longString,
    locales: longString,
  },
  "connection.start-ok": {
    clientProperties: fieldTable,
    mechanism: shortString,
    response: longString,
    locale: shortString,
  },
  "connection.secure": { challenge: longString },
  "connection.secure-ok": { response: longString },
  "connection.tune": { channelMax: short, frameMax: long, heartbeat: short },
  "connection.tune-ok": { channelMax: short, frameMax: long, heartbeat: short },
  "connection.open": { virtualHost: shortString },
  "connection.open-ok": {},
  "connection.close": close,
  "connection.close-ok": {},
  "connection.blocked": { reason: shortString },
  "connection.unblocked": {},
  "connection.update-secret": { newSecret: longString, reason: shortString },
  "connection.update-secret-ok": {},
  "channel.open": {},
  "channel.open-ok": {},
  "channel.flow": { active: bit },
  "channel.flow-ok": { active: bit },
  "channel.close": close,
  "channel.close-ok": {},
  "exchange.declare": { exchange: shortString, type: shortString, internal: bit, ...declaration },
  "exchange.declare-ok": {},
  "exchange.delete": { exchange: shortString, ifUnused: bit, noWait: bit },
  "exchange.delete-ok": {},
  "exchange.bind": exchangeBinding,
  "exchange.bind-ok": {},
  "exchange.unbind": exchangeBinding,
  "exchange.unbind-ok": {},
  "queue.declare": { queue: shortString, exclusive: bit, ...declaration },
  "queue.declare-ok": { queue: shortString, messageCount: long, consumerCount: long },
  "queue.bind": { queue: shortString, exchange: shortString, noWait: bit, ...binding },
  "queue.bind-ok": {},
  "queue.unbind": { queue: shortString, exchange: shortString, ...binding },
  "queue.unbind-ok": {},
  "queue.purge": { queue: shortString, noWait: bit },
  "queue.purge-ok": { messageCount: long },
  "queue.delete": { queue: shortString, ifUnused: bit, ifEmpty: bit, noWait: bit },
  "queue.delete-ok": { messageCount: long },
  "basic.qos": { prefetchSize: long, prefetchCount: short, global: bit },
  "basic.qos-ok": {},
  "basic.consume": {
    queue: shortString,
    consumerTag: shortString,
    noLocal: bit,
    noAck: bit,
    exclusive: bit,
    noWait: bit,
    arguments: fieldTable,
  },
  "basic.consume-ok": { consumerTag: shortString },
  "basic.cancel": { consumerTag: shortString, noWait: bit },
  "basic.cancel-ok": { consumerTag: shortString },
  "basic.publish": { mandatory: bit, immediate: bit, ...address },
  "basic.return": { replyCode: short, replyText: shortString, ...address },
  "basic.deliver": { consumerTag: shortString, ...delivery },
  "basic.get": { queue: shortString, noAck: bit },
  "basic.get-ok": { messageCount: long, ...delivery },
  "basic.get-empty": {},
  "basic.ack": { deliveryTag: longLong, multiple: bit },
  "basic.reject": { deliveryTag: longLong, requeue: bit },
  "basic.recover-async": { requeue: bit },
  "basic.recover": { requeue: bit },
  "basic.recover-ok": {},
  "basic.nack": { deliveryTag: longLong, multiple: bit, requeue: bit },
  "tx.select": {},
  "tx.select-ok": {},
  "tx.commit": {},
  "tx.commit-ok": {},
  "tx.rollback": {},
  "tx.rollback-ok": {},
  "confirm.select": { nowait: bit },
  "confirm.select-ok": {},
};

/** Any method of either side. */
export const anyMethod: fc.Arbitrary<Method> = fc.oneof(
  ...Object.entries(methodFields).map(([name, fields]) =>
    fc.record({ name: fc.constant(name), ...fields }).filter(isMethod),
  ),
);

/** Always true here: `methodFields` gives each name its fields. */
function isMethod(candidate: { readonly name: string }): candidate is Method {
  return Object.hasOwn(methodFields, candidate.name);
}
