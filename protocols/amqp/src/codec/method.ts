import { ByteReader, type ByteWriter } from "@dragoman/core";
import { AmqpError } from "./amqp-error.ts";
import { FRAME_END, FRAME_METHOD } from "./constants.generated.ts";
import type { MethodCodec } from "./method-codec.ts";
import { type Method, methodCodecs } from "./methods/methods.generated.ts";

const codecsById: ReadonlyMap<number, MethodCodec<Method>> = new Map(
  Object.values(methodCodecs).map((codec) => [idOf(codec.classId, codec.methodId), codec]),
);

const codecsByName: Readonly<Record<Method["name"], MethodCodec<Method>>> = methodCodecs;

/** Class and method number in one. */
function idOf(classId: number, methodId: number): number {
  return classId * 0x1_0000 + methodId;
}

/**
 * The payload of a method frame.
 *
 * @throws AmqpError "command-invalid" for numbers that do not exist, "syntax-error" for bytes left over
 * @throws BrokerError "malformed" when a field ends early or is not what its type asks
 * @see AMQP 0-9-1 §4.2.4
 */
export function decodeMethod(payload: Uint8Array): Method {
  const reader = new ByteReader(payload);
  const classId = reader.uint16();
  const methodId = reader.uint16();
  const codec = codecsById.get(idOf(classId, methodId));
  if (codec === undefined) throw new AmqpError("command-invalid", `unknown method ${classId}.${methodId}`);
  const method = codec.read(reader);
  if (reader.left > 0) throw new AmqpError("syntax-error", `${reader.left} bytes after ${codec.name}`);
  return method;
}

/**
 * Appends a whole method frame.
 *
 * @throws BrokerError "too-large" when a short string has more than 255 bytes
 */
export function writeMethod(writer: ByteWriter, channel: number, method: Method): void {
  const codec = codecsByName[method.name];
  writer.uint8(FRAME_METHOD).uint16(channel);
  const lengthAt = writer.reserve(4);
  writer.uint16(codec.classId).uint16(codec.methodId);
  codec.write(writer, method);
  writer.setUint32(lengthAt, writer.length - lengthAt - 4);
  writer.uint8(FRAME_END);
}

/** The numbers that a close names as its cause. */
export function methodNumbers(name: Method["name"]): { readonly classId: number; readonly methodId: number } {
  return codecsByName[name];
}
