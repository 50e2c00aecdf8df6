import type { Flow, Job } from "../flow.ts";
import type { Link } from "./link.ts";
import { openMqtt, subscribeMqtt } from "../wire/mqtt.ts";
import { portOf } from "../wire/open-publisher.ts";

/** Opens what only makes the broker's tables large: nothing that is published reaches it. */
export async function openOthers(flow: Flow, job: Job): Promise<void> {
  const { otherSubscriptions = 0, otherConnections = 0 } = flow;
  if (otherSubscriptions > 0) await subscribeOthers(portOf(job.ports, "mqtt"), otherSubscriptions);
  if (otherConnections > 0) await openIdle(portOf(job.ports, "mqtt"), 0, otherConnections);
}

/** Opens MQTT connections with one subscription each, a hundred at a time. */
export async function openIdle(port: number, first: number, count: number): Promise<void> {
  for (let at = first; at < first + count; at += 100) {
    const numbers = Array.from({ length: Math.min(100, first + count - at) }, (_, i) => at + i);
    await Promise.all(numbers.map((number) => openOne(port, number)));
  }
}

/** Lets clients come and go until it is stopped. */
export function churn(port: number, perSecond: number): () => void {
  let number = 0;
  const timer = setInterval(() => {
    // One that is refused shows in what the broker loses and keeps, not here.
    void openOne(port, number++).then((link) => link.close());
  }, 1000 / perSecond);
  return () => clearInterval(timer);
}

async function openOne(port: number, number: number): Promise<Link> {
  const session = { clientId: `idle-${number}`, version: 4, durable: false, webSocket: false } as const;
  const link = await openMqtt(port, session);
  await subscribeMqtt(link, [`idle/${number}`], 0, 4);
  return link;
}

async function subscribeOthers(port: number, subscriptions: number): Promise<void> {
  for (let start = 0; start < subscriptions; start += FILTERS_OF_ONE) {
    const count = Math.min(FILTERS_OF_ONE, subscriptions - start);
    const filters = Array.from({ length: count }, (_, i) => `bench/+/other/${start + i}/#`);
    const session = { clientId: `other-${start}`, version: 4, durable: false, webSocket: false } as const;
    const link = await openMqtt(port, session);
    await subscribeMqtt(link, filters, 0, 4);
    link.read((_, end) => end);
  }
}

const FILTERS_OF_ONE = 10_000;
