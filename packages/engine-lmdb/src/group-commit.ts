import { BrokerError } from "@dragoman/core";

/** What the group commit is for: the next three are called in turn, never two at a time. */
export interface Committable {
  /** What gathered until now is the next commit; what comes later is not part of it. */
  seal(): void;
  /** Brings what was sealed to stable storage; may be called again after it failed. */
  write(): Promise<void>;
  /** What was sealed is on stable storage. */
  committed(): void;
}

/**
 * One commit at a time: while it is under way the next one gathers. The first thing to gather in an idle
 * time is committed at the end of the same turn of the event loop.
 */
export class GroupCommit {
  readonly #target: Committable;
  readonly #retryMs: number;
  readonly #commitListeners: ((batch: number) => void)[] = [];
  readonly #failureListeners: ((cause: unknown) => void)[] = [];
  #committed = 0;
  #hasGathered = false;
  /** Commits are being made, or will be at the end of this turn. */
  #isBusy = false;
  /** Something is sealed and not committed yet. */
  #isUnderWay = false;
  #closing: { readonly done: () => void; readonly failed: (error: BrokerError) => void } | undefined;
  #isClosed = false;
  #endWait: (() => void) | undefined;

  /** @param retryMs milliseconds until a commit that failed is tried again */
  constructor(target: Committable, retryMs: number) {
    this.#target = target;
    this.#retryMs = retryMs;
  }

  get committed(): number {
    return this.#committed;
  }

  /** The batch that holds what was written last. */
  get gathering(): number {
    return this.#committed + (this.#isUnderWay ? 1 : 0) + (this.#hasGathered ? 1 : 0);
  }

  onCommit(listener: (batch: number) => void): void {
    this.#commitListeners.push(listener);
  }

  onFailure(listener: (cause: unknown) => void): void {
    this.#failureListeners.push(listener);
  }

  /** Something has gathered. */
  touch(): void {
    if (this.#hasGathered) return;
    this.#hasGathered = true;
    // Once the last commit is made the storage is another's: nothing may be written any more.
    if (!this.#isClosed) this.#schedule();
  }

  /** @throws BrokerError "unavailable" when what gathered could not be committed */
  close(): Promise<void> {
    return new Promise((done, failed) => {
      this.#closing = { done, failed };
      if (!this.#isBusy) this.#finish();
      this.#endWait?.();
    });
  }

  #schedule(): void {
    if (this.#isBusy) return;
    this.#isBusy = true;
    setImmediate(() => void this.#commit());
  }

  /** Commits until nothing more has gathered: what came while one was under way waits for no turn of the loop. */
  async #commit(): Promise<void> {
    while (this.#hasGathered) {
      this.#isUnderWay = true;
      this.#hasGathered = false;
      this.#target.seal();
      if (!(await this.#write())) return;
      this.#isUnderWay = false;
      this.#committed++;
      this.#target.committed();
      for (const listener of this.#commitListeners) listener(this.#committed);
    }
    this.#isBusy = false;
    this.#finish();
  }

  #finish(): void {
    if (this.#closing === undefined) return;
    this.#isClosed = true;
    this.#closing.done();
  }

  /** False when the storage fails and is being closed. */
  async #write(): Promise<boolean> {
    while (true) {
      try {
        await this.#target.write();
        return true;
      } catch (cause) {
        for (const listener of this.#failureListeners) listener(cause);
        if (this.#closing !== undefined) {
          this.#closing.failed(new BrokerError("unavailable", "the last commit failed", { cause }));
          return false;
        }
      }
      await this.#wait();
    }
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.#retryMs);
      this.#endWait = (): void => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
