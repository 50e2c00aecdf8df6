/**
 * Headers that carry what AMQP has no property for. They are read on the way in, written on the way out
 * of messages of other protocols, and not shown to those as headers.
 */
export const CONTENT_TYPE = "x-content-type";
/** Bytes of a correlation that is no short text. */
export const CORRELATION_ID = "x-correlation-id";
/** Headers whose name is too long for AMQP: an array of tables with `name` and `value`. */
export const LONG_HEADERS = "x-long-headers";
/** 1 for a body that its publisher declared to be UTF-8 text. */
export const PAYLOAD_FORMAT = "x-payload-format";
/** The topic that an answer goes to, as a routing key: RabbitMQ's name for it. */
export const REPLY_TO_TOPIC = "x-reply-to-topic";
/** The publisher wants the message to be its topic's retained one. */
export const RETAIN = "x-retain";
/** The whole topic, when its routing key is too long for AMQP. */
export const TOPIC = "x-topic";

/** More routing keys: an array of texts. The second is taken out before anybody sees it. */
export const CC = "CC";
export const BCC = "BCC";
/** Milliseconds to wait before the message is routed. */
export const DELAY = "x-delay";
/** The place of the message in the stream that it was read from. */
export const STREAM_OFFSET = "x-stream-offset";
/** How often the message came back to a queue that counts it. */
export const DELIVERY_COUNT = "x-delivery-count";

/** A correlation_id with this prefix stands for bytes that we keep. */
export const CORRELATION_TOKEN_PREFIX = "gw:";
/** A queue name with this prefix stands for an address that we keep. */
export const REPLY_TOKEN_PREFIX = "amq.gw.r.";
