/** Heartbeats after which a silent peer is given up. AMQP 0-9-1 §4.2.7 */
const MISSED = 2;

/**
 * Decides on the caller's clock when we must speak and when the peer has been silent for too long. Any
 * traffic counts as a heartbeat.
 */
export class Heartbeat {
  #intervalMs = 0;
  #heardAtMs = 0;
  #spokeAtMs = 0;
  #tickedAtMs = 0;

  /** @param seconds what tune-ok agreed upon; 0 for none */
  start(seconds: number, nowMs: number): void {
    this.#intervalMs = seconds * 1_000;
    this.#heardAtMs = nowMs;
    this.#spokeAtMs = nowMs;
    this.#tickedAtMs = nowMs;
  }

  /**
   * @param heard something came since the last tick
   * @param spoke something was sent since the last tick
   */
  tick(nowMs: number, heard: boolean, spoke: boolean): "idle" | "beat" | "lost" {
    if (heard) this.#heardAtMs = nowMs;
    // It may have been right after the last tick.
    if (spoke) this.#spokeAtMs = this.#tickedAtMs;
    this.#tickedAtMs = nowMs;
    if (this.#intervalMs === 0) return "idle";
    if (nowMs - this.#heardAtMs > this.#intervalMs * MISSED) return "lost";
    if (nowMs - this.#spokeAtMs < this.#intervalMs / 2) return "idle";
    this.#spokeAtMs = nowMs;
    return "beat";
  }
}
