import { amqpPropertyCodecs, amqpProtocol } from "@dragoman/amqp";
import { CORE_PROPERTIES, type PropertyCodec, type Protocol } from "@dragoman/core";
import { mqttPropertyCodecs, mqttProtocol } from "@dragoman/mqtt";
import { stompPropertyCodecs, stompProtocol } from "@dragoman/stomp";
import type { Configuration } from "./configuration/configuration.ts";
import { VERSION } from "./version.ts";

/** Every wire protocol, as the configuration wants it. */
export function openProtocols({ introductionTimeoutMs }: Configuration): readonly Protocol[] {
  const connectTimeoutMs = introductionTimeoutMs;
  return [
    mqttProtocol({ connectTimeoutMs }),
    stompProtocol({ connectTimeoutMs, server: `dragoman/${VERSION}` }),
    amqpProtocol({ version: VERSION }),
  ];
}

/** How to read stored messages back, whichever protocol they came by. */
export const PROPERTY_CODECS: readonly PropertyCodec[] = [
  CORE_PROPERTIES,
  ...mqttPropertyCodecs,
  ...stompPropertyCodecs,
  ...amqpPropertyCodecs,
];
