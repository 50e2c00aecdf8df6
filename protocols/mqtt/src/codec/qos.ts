import { BrokerError } from "@dragoman/core";

/** Quality of service: at most once, at least once, exactly once. MQTT 5.0 §4.3. */
export type Qos = 0 | 1 | 2;

/** @throws BrokerError "malformed" for 3 [MQTT-3.3.1-4], [MQTT-3.1.2-12], MQTT 3.1.1 [MQTT-3.1.2-14] */
export function toQos(bits: number): Qos {
  if (bits === 0 || bits === 1 || bits === 2) return bits;
  throw new BrokerError("malformed", `QoS ${bits} [MQTT-3.3.1-4]`);
}
