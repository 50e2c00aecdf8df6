export { type Address, DEFAULT_EXCHANGE, TOPIC_REPLY_PREFIX, TOPIC_SPACE } from "./address.ts";
export {
  type Action,
  type Authority,
  type Credentials,
  type Identity,
  OPEN_AUTHORITY,
  type PeerInfo,
  type Resource,
} from "./authority.ts";
export type { Binding, BindingSpec, Destination, HeaderMatch } from "./binding.ts";
export {
  Broker,
  type BrokerLimits,
  type BrokerPorts,
  type ConnectRequest,
  DEFAULT_VIRTUAL_HOST,
} from "./broker.ts";
export { asBuffer, ByteReader } from "./byte-reader.ts";
export { ByteWriter } from "./byte-writer.ts";
export { checkRecord } from "./check-record.ts";
export { ChunkCopies } from "./chunk-copies.ts";
export type { Client } from "./client.ts";
export type { Cancel, Clock } from "./clock.ts";
export type { CancelReason, Consumer, ConsumerOptions, ConsumerPort, StreamStart } from "./consumer.ts";
export { DEATH_REASONS, deathHeaders, publisherHeaders } from "./crossing.ts";
export { CORE_PROPERTIES, encodeCoreProperties } from "./core-properties.ts";
export { firstDeath } from "./dead-letter.ts";
export type { DelayedMessages } from "./delayed-messages.ts";
export type { Delivery, Settlement } from "./delivery.ts";
export { Deque } from "./deque.ts";
export type { DropReason, Drops } from "./drops.ts";
export type {
  Backplane,
  Collection,
  Engine,
  EngineCapabilities,
  LogEntry,
  LogRange,
  LogRead,
  MessageLog,
  MetadataRecord,
  MetadataStore,
  QueueLog,
} from "./engine.ts";
export { BrokerError, type ErrorCode } from "./errors.ts";
export type { Exchange, ExchangeOptions, ExchangeType } from "./exchange.ts";
export { equalValues } from "./exchange-headers.ts";
export { GenerationCache } from "./generation-cache.ts";
export type { ReceiptListener, Receipts } from "./ledger.ts";
export { MemoryEngine } from "./memory-engine.ts";
export { type HeadFields, MessageHead } from "./message-head.ts";
export {
  type Death,
  type DeathReason,
  Message,
  type MessageFields,
  type Publisher,
  type Qos,
} from "./message.ts";
export { encodeMessage, MessageDecoder, MessageSequence } from "./message-record.ts";
export {
  makePattern,
  MANY,
  matchesPattern,
  ONE,
  type Pattern,
  patternFromKey,
  type PatternLevel,
} from "./pattern.ts";
export { type LineWindow, type Paging, STANDARD_PAGING } from "./paging.ts";
export type { Pressure, PressureCause } from "./pressure.ts";
export {
  type Correlation,
  NO_PROPERTIES,
  type Properties,
  type PropertyCodec,
  type ReplyTo,
  type Timestamp,
} from "./properties.ts";
export type { PublishOutcome } from "./publishing.ts";
export type { Queue } from "./queue.ts";
export {
  type DeadLetter,
  differingQueueOption,
  type OverflowPolicy,
  type QueueKind,
  type QueueOptions,
} from "./queue-options.ts";
export { decodeRecord, encodeRecord } from "./record.ts";
export type { RetainedStore } from "./retained.ts";
export type { Route } from "./route.ts";
export type { Session, SessionHolder } from "./session.ts";
export { type RetainedFeed, RetainedFeeds } from "./retained-feeds.ts";
export type { RetainedWalk } from "./retained-walk.ts";
export type { Sessions } from "./sessions.ts";
export { plainSubscription, type Subscriber, type Subscription, wantedBy } from "./subscription.ts";
export { Timers } from "./timers.ts";
export type { Tokens } from "./tokens.ts";
export { Topic, TopicTable, tradeSeparators } from "./topic.ts";
export type { Topology } from "./topology.ts";
export type { Transaction } from "./transaction.ts";
export { Traffic } from "./traffic.ts";
export type { Connection, Protocol, Transport } from "./transport.ts";
export { findHeader, type Header, type Headers, text, type Value, type ValueType } from "./value.ts";
export { BASE64_PREFIX, bytesToText, textToBytes, valueToText } from "./value-text.ts";
export { encodeTypes, restoreTypes, TYPES_HEADER } from "./types-sidecar.ts";
export { type Taken, Unsettled } from "./unsettled.ts";
export type { VirtualHost } from "./virtual-host.ts";
export type { Will } from "./will.ts";
export { Window, type WindowWaiter } from "./window.ts";
