import { BrokerError, type ByteReader, ByteWriter } from "@dragoman/core";
import { finishPacket, maxFixedHeaderBytes } from "./fixed-header.ts";
import { readProperties, writeProperties } from "./properties.ts";
import type { Properties } from "./property.ts";
import type { ProtocolVersion } from "./protocol-version.ts";
import { type ReasonCode, reasonCode, toReasonCode } from "./reason-code.ts";

/** MQTT 5.0 §3.2. */
export interface Connack {
  readonly type: "connack";
  readonly sessionPresent: boolean;
  /** In the words of MQTT 5.0, whichever version is spoken. */
  readonly reason: ReasonCode;
  readonly properties: Properties;
}

/** MQTT 3.1.1 table 3.1: return code n is what stands at place n. */
const returnCodes: readonly ReasonCode[] = [
  reasonCode.success,
  reasonCode.unsupportedProtocolVersion,
  reasonCode.clientIdentifierNotValid,
  reasonCode.serverUnavailable,
  reasonCode.badUserNameOrPassword,
  reasonCode.notAuthorized,
];

/** The return code that MQTT 3.1.1 has for a reason; undefined when it has none, MQTT 3.1.1 [MQTT-3.2.2-6]. */
export function connectReturnCode(reason: ReasonCode): number | undefined {
  const code = returnCodes.indexOf(reason);
  if (code >= 0) return code;
  if (reason === reasonCode.serverBusy) return 3;
  return reason === reasonCode.banned || reason === reasonCode.badAuthenticationMethod ? 5 : undefined;
}

export function decodeConnack(reader: ByteReader, version: ProtocolVersion): Connack {
  const flags = reader.uint8();
  // MQTT 3.1 has no session present flag, and the byte has no meaning there.
  if (flags > 1 && version !== 3) throw new BrokerError("malformed", `connack flags ${flags} [MQTT-3.2.2-1]`);
  const code = reader.uint8();
  const reason = version === 5 ? toReasonCode("connack", code) : returnCodes[code];
  if (reason === undefined)
    throw new BrokerError("protocol-violation", `return code ${code}, MQTT 3.1.1 §3.2.2.3`);
  return {
    type: "connack",
    sessionPresent: flags === 1,
    reason,
    properties: version === 5 ? readProperties(reader, "connack") : {},
  };
}

/** @throws BrokerError "unsupported" when the version has no code for the reason */
export function encodeConnack(packet: Connack, version: ProtocolVersion): Buffer {
  const code = version === 5 ? packet.reason : connectReturnCode(packet.reason);
  if (code === undefined) {
    throw new BrokerError(
      "unsupported",
      `no return code for reason ${packet.reason}, MQTT 3.1.1 [MQTT-3.2.2-6]`,
    );
  }
  const writer = new ByteWriter(32);
  writer.reserve(maxFixedHeaderBytes);
  writer.uint8(packet.sessionPresent && version !== 3 ? 1 : 0).uint8(code);
  if (version === 5) writeProperties(writer, packet.properties);
  return finishPacket("connack", writer);
}
