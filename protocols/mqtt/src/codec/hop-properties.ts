import { BrokerError, ByteReader } from "@dragoman/core";
import { propertyById } from "./properties.ts";
import { readVariableByteInteger } from "./variable-byte-integer.ts";

/** A PUBLISH's properties, told apart: what is meant for the next peer alone, and what travels on. */
export interface SeparatedProperties {
  /** 0 is for the connection to refuse: it knows the aliases. */
  readonly topicAlias: number | undefined;
  /** Seconds. */
  readonly messageExpiryInterval: number | undefined;
  /** Everything else, in the bytes in which it came: the same view when there is nothing to take out. */
  readonly application: Uint8Array;
}

const hop = { messageExpiryInterval: 0x02, subscriptionIdentifier: 0x0b, topicAlias: 0x23 } as const;

const none: SeparatedProperties = {
  topicAlias: undefined,
  messageExpiryInterval: undefined,
  application: Buffer.alloc(0),
};

/**
 * Takes the properties that a server sets anew for each receiver out of a client's PUBLISH.
 *
 * @param bytes checked when the packet was decoded
 * @throws BrokerError "protocol-violation" for a subscription identifier from a client [MQTT-3.3.4-6]
 */
export function separateHopProperties(bytes: Uint8Array): SeparatedProperties {
  if (bytes.length === 0) return none;
  const reader = new ByteReader(bytes);
  const kept: Uint8Array[] = [];
  let topicAlias: number | undefined;
  let messageExpiryInterval: number | undefined;
  let keptFrom = 0;
  while (reader.left > 0) {
    const start = reader.at;
    const id = readVariableByteInteger(reader);
    if (id === hop.subscriptionIdentifier) {
      throw new BrokerError("protocol-violation", "subscription identifier from a client [MQTT-3.3.4-6]");
    }
    if (id === hop.topicAlias) topicAlias = reader.uint16();
    else if (id === hop.messageExpiryInterval) messageExpiryInterval = reader.uint32();
    else {
      propertyById(id)?.skip(reader);
      continue;
    }
    kept.push(bytes.subarray(keptFrom, start));
    keptFrom = reader.at;
  }
  if (kept.length === 0) return { topicAlias, messageExpiryInterval, application: bytes };
  kept.push(bytes.subarray(keptFrom));
  return { topicAlias, messageExpiryInterval, application: Buffer.concat(kept) };
}
