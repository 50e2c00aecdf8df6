import { decodeRecord, encodeRecord, type Session, type Sessions } from "@dragoman/core";

/** No packet has this identifier: beside the flows of a session it is free for the mark. */
export const markKey = 0;

/** How far the mark is written ahead of the messages, so that it is not written for each of them. */
const ahead = 512;

/**
 * How far a session's queue has been sent to the client at QoS 1. A queue is sent in order, so one position says it of
 * all messages; what a restart must know of them is whether they come again, with DUP [MQTT-3.3.1-1], or for the first
 * time, without [MQTT-4.3.2-2].
 *
 * While the client is connected the mark on disk is ahead of it: nothing is written for most deliveries. After a crash
 * this broker cannot tell the last message that left from the next few that did not, which no server can without a
 * write before each PUBLISH. It then says DUP of what may have been sent: a receiver must treat that as a message that
 * it has perhaps not seen (MQTT 5.0 §3.3.1.1), while DUP 0 would tell it that an old message is a new one. When the
 * connection ends before the broker does, the mark is exact.
 */
export class SentMark {
  readonly #session: Session;
  #sentUpTo = 0;
  #writtenUpTo = 0;
  /** The last position that this object has seen sent: what lies between it and the mark may have been sent before. */
  #passed = 0;

  constructor(session: Session) {
    this.#session = session;
    const record = session.sent.get(markKey);
    if (record !== undefined) this.#sentUpTo = this.#writtenUpTo = decodeRecord<number>(record);
  }

  /** After a restart: what comes behind this position of the queue is new. */
  limit(lastPosition: number): void {
    this.#sentUpTo = Math.min(this.#sentUpTo, lastPosition);
  }

  /** The message at this position is sent. True when it may have been before. */
  pass(position: number, sessions: Sessions): boolean {
    this.#passed = position;
    if (position <= this.#sentUpTo) return true;
    this.#sentUpTo = position;
    if (position + ahead / 2 > this.#writtenUpTo) this.#write(position + ahead, sessions);
    return false;
  }

  /**
   * The connection has ended.
   *
   * @param isAnyOpen messages that were sent by it are still in the queue
   */
  leave(isAnyOpen: boolean, sessions: Sessions): void {
    if (isAnyOpen || this.#passed < this.#sentUpTo) {
      if (this.#writtenUpTo !== this.#sentUpTo) this.#write(this.#sentUpTo, sessions);
    } else {
      this.#writtenUpTo = 0;
      sessions.forgetSent(this.#session, markKey);
    }
  }

  #write(position: number, sessions: Sessions): void {
    this.#writtenUpTo = position;
    sessions.rememberSent(this.#session, markKey, encodeRecord(position));
  }
}
