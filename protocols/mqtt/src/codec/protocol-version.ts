/** 3 is MQTT 3.1 ("MQIsdp"), 4 is MQTT 3.1.1, 5 is MQTT 5.0: the protocol level on the wire. */
export type ProtocolVersion = 3 | 4 | 5;

/** What the first bytes of a CONNECT packet say, before anything else of it is believed. */
export interface ProtocolLevel {
  readonly name: string;
  readonly level: number;
}

/** The version that a name and level stand for; undefined when we do not speak it [MQTT-3.1.2-1], [MQTT-3.1.2-2]. */
export function protocolVersion({ name, level }: ProtocolLevel): ProtocolVersion | undefined {
  if (name === "MQTT") return level === 4 || level === 5 ? level : undefined;
  return name === "MQIsdp" && level === 3 ? 3 : undefined;
}

/** The name that belongs to a version. */
export function protocolName(version: ProtocolVersion): string {
  return version === 3 ? "MQIsdp" : "MQTT";
}
