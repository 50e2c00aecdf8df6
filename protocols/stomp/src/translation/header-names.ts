/**
 * Headers of SEND that steer this hop and are never part of the message, and those that MESSAGE adds: a header
 * of such a name that another protocol's application made leaves with `x-hdr-` in front.
 */
export const hopHeaders: ReadonlySet<string> = new Set([
  "destination",
  "receipt",
  "receipt-id",
  "transaction",
  "content-length",
  "subscription",
  "message-id",
  "ack",
  "id",
  "selector",
  "redelivered",
  "retained",
]);

/** Queue arguments, which make a queue when they come with SEND or SUBSCRIBE. */
export const queueArgumentHeaders: ReadonlySet<string> = new Set([
  "x-dead-letter-exchange",
  "x-dead-letter-routing-key",
  "x-expires",
  "x-message-ttl",
  "x-max-length",
  "x-max-length-bytes",
  "x-overflow",
  "x-max-priority",
  "x-queue-type",
  "x-single-active-consumer",
  "x-delivery-limit",
  "x-max-age",
  "x-stream-max-segment-size-bytes",
  "x-stream-filter-size-bytes",
  "x-stream-match-unfiltered",
]);

/** Headers that become fields of the canonical message, under the names that RabbitMQ and ActiveMQ gave them. */
export const propertyHeaders: ReadonlySet<string> = new Set([
  "content-type",
  "content-encoding",
  "correlation-id",
  "reply-to",
  "priority",
  "type",
  "timestamp",
  "app-id",
  "user-id",
  "amqp-message-id",
  "persistent",
  "expiration",
  "expires",
  "retain",
  "payload-format",
  "x-delay",
  "AMQ_SCHEDULED_DELAY",
  "AMQ_SCHEDULED_TIME",
]);
