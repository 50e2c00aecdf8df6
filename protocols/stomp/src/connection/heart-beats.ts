import { BrokerError, type Cancel, type Timers } from "@dragoman/core";
import { heartBeat } from "../codec/frame-encoder.ts";
import type { HeartBeat } from "./negotiation.ts";
import type { Outbox } from "./outbox.ts";

/**
 * What CONNECTED answers: as often as the client wants to hear us, and as often as it can be heard.
 *
 * @param minMs we promise no shorter interval, and ask for none
 */
export function answerHeartBeat(client: HeartBeat, minMs: number): HeartBeat {
  return { canSendMs: atLeast(minMs, client.wantsMs), wantsMs: atLeast(minMs, client.canSendMs) };
}

/** When the peer was last heard: any byte counts. */
export interface Listening {
  readonly lastReceivedMs: number;
  /** We are not reading at the moment, so that silence says nothing. */
  readonly isHeld: boolean;
}

/**
 * Both directions of heart-beating (STOMP 1.2, Heart-beating). Sends early, at four fifths of the interval, and
 * waits long, for twice the interval and at least a second more than it: timers and networks are late.
 */
export class HeartBeats {
  readonly #timers: Timers;
  readonly #cancels: [send: Cancel, receive: Cancel] = [() => undefined, () => undefined];

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /**
   * @param answer what CONNECTED said
   * @param fail called once, when the client was silent for too long
   */
  start(answer: HeartBeat, outbox: Outbox, listening: Listening, fail: (error: BrokerError) => void): void {
    if (answer.canSendMs > 0) this.#send(outbox, Math.ceil(answer.canSendMs * 0.8));
    if (answer.wantsMs > 0) this.#receive(listening, answer.wantsMs, this.#timers.now(), fail);
  }

  stop(): void {
    for (const cancel of this.#cancels) cancel();
  }

  #send(outbox: Outbox, everyMs: number): void {
    const dueMs = outbox.lastSentMs + everyMs;
    if (dueMs <= this.#timers.now()) {
      outbox.send(heartBeat, true);
      // At once: the next one is due so long after it was sent.
      outbox.flush();
    }
    this.#cancels[0] = this.#timers.at(outbox.lastSentMs + everyMs, () => this.#send(outbox, everyMs));
  }

  #receive(listening: Listening, everyMs: number, fromMs: number, fail: (error: BrokerError) => void): void {
    const graceMs = Math.max(everyMs * 2, everyMs + 1_000);
    const nowMs = this.#timers.now();
    const heardMs = listening.isHeld ? nowMs : Math.max(listening.lastReceivedMs, fromMs);
    if (nowMs - heardMs >= graceMs) {
      fail(
        new BrokerError(
          "timeout",
          `no heart-beat for ${nowMs - heardMs} ms, one every ${everyMs} ms was agreed`,
        ),
      );
      return;
    }
    this.#cancels[1] = this.#timers.at(heardMs + graceMs, () =>
      this.#receive(listening, everyMs, fromMs, fail),
    );
  }
}

function atLeast(minMs: number, intervalMs: number): number {
  return intervalMs === 0 ? 0 : Math.max(intervalMs, minMs);
}
