import type { Qos } from "../codec/qos.ts";
import { PacketIdTable } from "./packet-id-table.ts";

/** What a flow waits for: the PUBACK of QoS 1; of QoS 2 the PUBREC, and then the PUBCOMP. */
const awaited = { nothing: 0, puback: 1, pubrec: 2, pubcomp: 3 } as const;

/**
 * Flows to a client that end with its connection: nobody takes them up again, so nothing is kept of them but how far
 * they have come.
 */
export class LiveFlows {
  readonly #flows = new PacketIdTable();

  get count(): number {
    return this.#flows.count;
  }

  /** The level of the flow that has this identifier; undefined when none has. */
  qosOf(packetId: number): Exclude<Qos, 0> | undefined {
    const awaits = this.#flows.get(packetId);
    if (awaits === awaited.nothing) return undefined;
    return awaits === awaited.puback ? 1 : 2;
  }

  begin(packetId: number, qos: Exclude<Qos, 0>): void {
    this.#flows.set(packetId, qos === 1 ? awaited.puback : awaited.pubrec);
  }

  /** The PUBACK has come, and the flow is over. False when it does not wait for that. */
  acknowledge(packetId: number): boolean {
    return this.#go(packetId, awaited.puback, awaited.nothing);
  }

  /** The PUBREC has come, once more perhaps: a PUBREL is due. False when the flow does not wait for that. */
  receive(packetId: number): boolean {
    const isRepeated = this.#flows.get(packetId) === awaited.pubcomp;
    return isRepeated || this.#go(packetId, awaited.pubrec, awaited.pubcomp);
  }

  /** The PUBCOMP has come, and the flow is over. False when it does not wait for that. */
  complete(packetId: number): boolean {
    return this.#go(packetId, awaited.pubcomp, awaited.nothing);
  }

  clear(): void {
    this.#flows.clear();
  }

  #go(packetId: number, from: number, to: number): boolean {
    if (this.#flows.get(packetId) !== from) return false;
    this.#flows.set(packetId, to);
    return true;
  }
}
