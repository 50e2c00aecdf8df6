export { FrameDecoder } from "./codec/frame-decoder.ts";
export { encodeFrame } from "./codec/frame-encoder.ts";
export type { Frame, FrameHeader, FrameHeaders, Version } from "./codec/frame.ts";
export { defaultFrameLimits, type FrameLimits } from "./codec/frame-limits.ts";
