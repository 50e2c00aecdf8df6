import { BrokerError } from "@dragoman/core";

/**
 * Checks a topic that a message is published to. Its UTF-8, U+0000 and length were checked when it was read.
 *
 * @throws BrokerError "malformed" for a wildcard [MQTT-3.3.2-2], [MQTT-4.7.0-1], MQTT 3.1.1 [MQTT-4.7.3-1],
 *   [MQTT-4.7.3-2], or an empty name [MQTT-4.7.3-1], MQTT 3.1.1 [MQTT-4.7.0-1]
 */
export function checkTopicName(topic: string): void {
  if (topic === "") throw new BrokerError("malformed", "topic name is empty [MQTT-4.7.3-1]");
  if (topic.includes("#") || topic.includes("+")) {
    throw new BrokerError("malformed", "topic name holds a wildcard [MQTT-3.3.2-2]");
  }
}
