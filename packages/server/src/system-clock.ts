import type { Clock } from "@dragoman/core";

let turnMs: number | undefined;

/**
 * The time of this machine, read once for each turn of the event loop: what is handled in one turn happens at one
 * time, and reading it for every message was one twentieth of all work.
 */
export const SYSTEM_CLOCK: Clock = {
  now() {
    if (turnMs === undefined) {
      turnMs = Date.now();
      setImmediate(forget);
    }
    return turnMs;
  },
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
};

function forget(): void {
  turnMs = undefined;
}
