export { asBuffer, ByteReader } from "./byte-reader.ts";
export { ByteWriter } from "./byte-writer.ts";
export { BrokerError, type ErrorCode } from "./errors.ts";
export { findHeader, type Header, type Headers, text, type Value, type ValueType } from "./value.ts";
