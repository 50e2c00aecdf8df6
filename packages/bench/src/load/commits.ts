import type { Job } from "../flow.ts";
import { openMqtt, subscribeMqtt } from "../wire/mqtt.ts";

const TOPIC = "$SYS/broker/store/commits";

/** Counts the commits of a broker that tells how many it has made. */
export class Commits {
  #first: { readonly count: number; readonly atMs: number } | undefined;
  #last = { count: 0, atMs: 0 };

  static async watch({ ports }: Job): Promise<Commits> {
    const commits = new Commits();
    if (ports.mqtt === undefined) return commits;
    const session = { clientId: "commits", version: 4, durable: false, webSocket: false } as const;
    const link = await openMqtt(ports.mqtt, session);
    await subscribeMqtt(link, [TOPIC], 0, 4);
    link.read((bytes, end) => {
      const at = bytes.lastIndexOf(TOPIC, end);
      if (at >= 0) commits.#told(Number(bytes.toString("latin1", at + TOPIC.length, end)));
      return end;
    });
    return commits;
  }

  /** Between the first and the last time that it was told; undefined when it was not. */
  get perSecond(): number | undefined {
    if (this.#first === undefined || this.#last.atMs <= this.#first.atMs) return undefined;
    return ((this.#last.count - this.#first.count) * 1000) / (this.#last.atMs - this.#first.atMs);
  }

  /** What was before does not count. */
  restart(): void {
    this.#first = undefined;
  }

  #told(count: number): void {
    this.#last = { count, atMs: performance.now() };
    this.#first ??= this.#last;
  }
}
