import { amqpPropertyCodecs, amqpProtocol } from "@dragoman/amqp";
import { CORE_PROPERTIES, type PropertyCodec, type Protocol } from "@dragoman/core";
import { mqttPropertyCodecs, mqttProtocol, scramSha256 } from "@dragoman/mqtt";
import { stompPropertyCodecs, stompProtocol } from "@dragoman/stomp";
import type { UserAuthority } from "./access/user-authority.ts";
import type { Configuration, Sections } from "./configuration/configuration.ts";
import { mqttOptions } from "./configuration/mqtt-section.ts";
import { merge } from "./configuration/section.ts";
import { stompOptions } from "./configuration/stomp-section.ts";
import { VERSION } from "./version.ts";

/**
 * Every wire protocol, as the configuration wants it.
 *
 * @param users who may log in by SCRAM-SHA-256, unless another authority decides
 * @param listener what it says goes before what the whole configuration says
 */
export function openProtocols(
  configuration: Configuration,
  users: UserAuthority | undefined,
  listener: Sections = {},
): readonly Protocol[] {
  const authenticationMethods =
    users === undefined ? [] : [scramSha256({ find: (user) => users.scramCredential(user) })];
  const connectTimeoutMs = configuration.introductionTimeoutMs;
  const mqtt = mqttOptions(merge(listener.mqtt, configuration.mqtt));
  const stomp = stompOptions(merge(listener.stomp, configuration.stomp));
  const amqp = merge(listener.amqp, configuration.amqp);
  return [
    mqttProtocol({
      productVersion: `dragoman ${VERSION}`,
      ...mqtt,
      authenticationMethods,
      connectTimeoutMs,
    }),
    stompProtocol({ server: `dragoman/${VERSION}`, ...stomp, connectTimeoutMs }),
    amqpProtocol({ version: VERSION, ...amqp, connectTimeoutMs }),
  ];
}

/** How to read stored messages back, whichever protocol they came by. */
export const PROPERTY_CODECS: readonly PropertyCodec[] = [
  CORE_PROPERTIES,
  ...mqttPropertyCodecs,
  ...stompPropertyCodecs,
  ...amqpPropertyCodecs,
];
