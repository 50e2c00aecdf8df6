export { FrameDecoder } from "./codec/frame-decoder.ts";
export { encodeFrame, heartBeat } from "./codec/frame-encoder.ts";
export type { Frame, FrameHeader, FrameHeaders, RawFrame, Version } from "./codec/frame.ts";
export { headerLines, headerOf } from "./codec/frame.ts";
export { defaultFrameLimits, type FrameLimits } from "./codec/frame-limits.ts";
export { defaultStompOptions, type StompOptions } from "./options.ts";
export { stompProtocol } from "./protocol.ts";
export type { BareDestination } from "./translation/destination.ts";
export { stompPropertyCodecs } from "./translation/property-codec.ts";
