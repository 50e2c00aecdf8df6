export { AmqpError } from "./codec/amqp-error.ts";
export { type ReplyName, replyCodes } from "./codec/constants.generated.ts";
export { type AmqpOptions, DEFAULT_OPTIONS } from "./options.ts";
export { amqpProtocol } from "./protocol.ts";
export { AMQP_PROPERTIES, amqpPropertyCodecs } from "./translation/property-codec.ts";
