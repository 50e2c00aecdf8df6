import { TurnSet } from "./turn-set.ts";

/** Told when a window that was full can take deliveries again. */
export interface WindowWaiter {
  /** Who has a higher one is told first; 0 unless given. */
  readonly priority?: number;
  windowOpened(): void;
}

/** Those of one priority that wait. */
interface WaitingLine {
  readonly priority: number;
  readonly waiters: TurnSet<WindowWaiter>;
}

/**
 * How many deliveries may be unsettled at once: MQTT's Receive Maximum, STOMP's and AMQP's prefetch. One
 * window may be shared by the consumers of a channel or a connection, and a transport that is full closes
 * one with `pause`. A window within another is open only when that is too, and what it takes is taken there too:
 * who waits for the inner one is not told in vain while the outer one is closed.
 */
export class Window implements WindowWaiter {
  readonly #within: Window | undefined;
  #limit: number;
  #taken = 0;
  #isPaused = false;
  #isHeld = false;
  /** Highest priority first; only a line that is alone may be empty. None before the first waiter: most windows are never full. */
  readonly #lines: WaitingLine[] = [];
  /** With what priority it waits for the outer window: it is asked at each release whether it does. */
  #awaitsAs: number | undefined;
  #heldBack: Set<() => void> | undefined;

  /**
   * @param limit unsettled deliveries at most; Infinity for no limit
   * @param within the window that this one is a part of
   */
  constructor(limit: number = Number.POSITIVE_INFINITY, within?: Window) {
    this.#limit = limit;
    this.#within = within;
  }

  get limit(): number {
    return this.#limit;
  }

  /** Deliveries that are not settled. */
  get taken(): number {
    return this.#taken;
  }

  get isOpen(): boolean {
    return this.#isOpenItself() && (this.#within?.isOpen ?? true);
  }

  /** The one that keeps it closed: the outermost of those that it is within, or itself. Undefined when it is open. */
  get closed(): Window | undefined {
    return this.#within?.closed ?? (this.#isOpenItself() ? undefined : this);
  }

  /** True between `hold` and `letGo`. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** The highest of those that wait. */
  get priority(): number {
    return this.#lines[0]?.priority ?? 0;
  }

  /** Acts at once, on what is delivered next. */
  resize(limit: number): void {
    this.#limit = limit;
    this.#announce();
  }

  take(): void {
    this.#taken++;
    this.#within?.take();
  }

  /** @param count deliveries that were settled together */
  release(count = 1): void {
    this.#taken -= count;
    this.#within?.release(count);
    this.#announce();
  }

  /** Nothing more is delivered until `resume`, whatever the limit. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#announce();
  }

  /** As `pause`, and independent of it: for a moment, while much is settled that is answered together. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Ends `hold`. */
  letGo(): void {
    this.#isHeld = false;
    this.#announce();
    const heldBack = this.#heldBack;
    this.#heldBack = undefined;
    for (const goOn of heldBack ?? []) goOn();
  }

  /** `goOn` is called once when the window is let go, open or not. */
  whenLetGo(goOn: () => void): void {
    (this.#heldBack ??= new Set()).add(goOn);
  }

  /** `waiter` is told once, when the window is open again. */
  await(waiter: WindowWaiter): void {
    const line = this.#lineOf(waiter.priority ?? 0);
    if (this.#lines.length > 1 && !line.waiters.has(waiter)) this.#leave(waiter);
    line.waiters.add(waiter);
    this.#awaitOuter();
  }

  forget(waiter: WindowWaiter): void {
    this.#leave(waiter);
    if (this.#isAnyWaiting()) return;
    this.#within?.forget(this);
    this.#awaitsAs = undefined;
  }

  /** The window that this one is within is open. */
  windowOpened(): void {
    this.#awaitsAs = undefined;
    this.#announce();
  }

  /** Those that are not reached keep their place: with thousands of waiters, one release stays cheap. */
  #announce(): void {
    while (this.#isAnyWaiting()) {
      if (!this.isOpen) {
        this.#awaitOuter();
        return;
      }
      this.#takeFirst()?.windowOpened();
    }
  }

  #awaitOuter(): void {
    const { priority } = this;
    if (this.#within?.isOpen !== false || this.#awaitsAs === priority) return;
    this.#awaitsAs = priority;
    this.#within.await(this);
  }

  // Methods, and no getters: V8 finds a private getter by a call of its runtime, each time.
  #isOpenItself(): boolean {
    return this.#taken < this.#limit && !this.#isPaused && !this.#isHeld;
  }

  #isAnyWaiting(): boolean {
    const first = this.#lines[0];
    return first !== undefined && first.waiters.size > 0;
  }

  #lineOf(priority: number): WaitingLine {
    const lines = this.#lines;
    const index = lines.findIndex((line) => line.priority <= priority);
    const found = lines[index];
    if (found?.priority === priority) return found;
    const line: WaitingLine = { priority, waiters: new TurnSet() };
    if (!this.#isAnyWaiting()) lines[0] = line;
    else lines.splice(index === -1 ? lines.length : index, 0, line);
    return line;
  }

  #takeFirst(): WindowWaiter | undefined {
    const [line] = this.#lines;
    const waiter = line?.waiters.take();
    if (this.#lines.length > 1 && line?.waiters.size === 0) this.#lines.shift();
    return waiter;
  }

  #leave(waiter: WindowWaiter): void {
    const index = this.#lines.findIndex(({ waiters }) => waiters.delete(waiter));
    if (this.#lines.length > 1 && this.#lines[index]?.waiters.size === 0) this.#lines.splice(index, 1);
  }
}
