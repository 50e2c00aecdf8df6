import { setTimeout as wait } from "node:timers/promises";
import { connect } from "amqplib";
import type { BrokerProcess } from "./broker-process.ts";

/** A machine with other work takes its time. */
const PATIENCE_MS = 60_000;

/** Follows what a publisher is told of the broker's state. */
export async function observePressure(broker: BrokerProcess): Promise<{ readonly isOn: boolean }> {
  const observed = { isOn: false };
  const connection = await connect(broker.url("amqp"));
  connection.on("error", () => undefined);
  connection.on("blocked", () => void (observed.isOn = true));
  connection.on("unblocked", () => void (observed.isOn = false));
  // Only who publishes is told.
  (await connection.createChannel()).publish("", "nowhere", Buffer.of(1));
  return observed;
}

/** @throws Error when it does not happen in time, or the broker ends before */
export async function until(broker: BrokerProcess, isMet: () => boolean, what: string): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; !isMet(); await wait(5)) {
    if (broker.hasEnded) throw new Error(`the broker ended before ${what}: ${broker.complaints}`);
    if (Date.now() > end) throw new Error(`waited for ${what}`);
  }
}
