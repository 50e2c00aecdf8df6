import { join } from "node:path";
import {
  type Backplane,
  BrokerError,
  type Engine,
  type EngineCapabilities,
  type MessageLog,
  type MetadataStore,
} from "@dragoman/core";
import { syncDirectory } from "./create-directory.ts";
import { DirectoryLock } from "./directory-lock.ts";
import { prepareDirectory } from "./format.ts";
import { GroupCommit } from "./group-commit.ts";
import { Journal, type Transactions } from "./journal.ts";
import { LmdbMessageLog } from "./message-log.ts";
import { LmdbMetadata } from "./metadata.ts";
import { ReadTurns } from "./read-turns.ts";
import { reasonOf } from "./reason.ts";
import { type Durability, Store, type Tables } from "./store.ts";
import { Sweeper } from "./sweeper.ts";
import { unusedBytes } from "./unused-bytes.ts";

export const DATA_FILE = "dragoman.mdb";

export interface LmdbEngineOptions {
  /** Created when it is not there. */
  readonly directory: string;
  /** `sync` unless given. */
  readonly durability?: Durability | undefined;
  /** Milliseconds until a commit that failed is tried again; 1,000 unless given. */
  readonly retryMs?: number | undefined;
}

const RETRY_MS = 1_000;

/** Keeps everything in one LMDB file, in a directory of its own. */
export class LmdbEngine implements Engine, Transactions {
  readonly capabilities: EngineCapabilities = { survivesRestart: true };
  readonly backplane: Backplane | undefined = undefined;
  readonly metadata: MetadataStore;
  readonly log: MessageLog;
  readonly #options: LmdbEngineOptions;
  readonly #commits: GroupCommit;
  readonly #turns = new ReadTurns(() => this.#store?.isUsable === true);
  readonly #messages: LmdbMessageLog;
  #lock: DirectoryLock | undefined;
  #store: Store | undefined;

  constructor(options: LmdbEngineOptions) {
    this.#options = options;
    const sweeper = new Sweeper();
    const journal = new Journal(this, sweeper, () => this.#commits.touch());
    const tables = (): Tables => this.#readableStore.tables;
    this.#commits = new GroupCommit(journal, options.retryMs ?? RETRY_MS);
    this.#messages = new LmdbMessageLog(journal, sweeper, this.#turns, tables);
    this.log = this.#messages;
    this.metadata = new LmdbMetadata(journal, tables);
  }

  get gathering(): number {
    return this.#commits.gathering;
  }

  get committed(): number {
    return this.#commits.committed;
  }

  get unusedBytes(): number {
    try {
      return unusedBytes(this.#readableStore.tables);
    } catch {
      // Until it is open again nothing can be written anyway.
      return 0;
    }
  }

  onCommit(listener: (batch: number) => void): void {
    this.#commits.onCommit(listener);
  }

  onFailure(listener: (cause: unknown) => void): void {
    this.#commits.onFailure(listener);
  }

  async open(): Promise<void> {
    const { directory, durability = "sync" } = this.#options;
    prepareDirectory(directory);
    this.#lock = await DirectoryLock.acquire(directory);
    try {
      this.#store = new Store(join(directory, DATA_FILE), { durability, readOnly: false });
      syncDirectory(directory);
      this.#messages.load();
    } catch (cause) {
      await this.#store?.close();
      await this.#lock.release();
      const message = `data directory '${directory}' cannot be opened: ${reasonOf(cause)}`;
      throw new BrokerError("unavailable", message, { cause });
    }
  }

  async close(): Promise<void> {
    try {
      await this.#commits.close();
    } finally {
      await this.#store?.close();
      await this.#lock?.release();
    }
  }

  async transaction(byteCount: number, write: (tables: Tables) => void): Promise<void> {
    const store = this.#openStore;
    if (!store.isOpen) await this.#reopen(store);
    try {
      await store.transaction(byteCount, write);
    } catch (cause) {
      // At once, not with the next attempt: until then nothing can be read, either.
      if (!store.isUsable) await this.#reopen(store);
      throw cause;
    }
  }

  async #reopen(store: Store): Promise<void> {
    this.#turns.pause();
    await store.reopen();
    this.#turns.resume();
  }

  /** @throws BrokerError "unavailable" while the file is being opened anew after a failure */
  get #readableStore(): Store {
    const store = this.#openStore;
    if (!store.isOpen) throw new BrokerError("unavailable", "the storage is being opened again");
    return store;
  }

  get #openStore(): Store {
    if (this.#store === undefined) throw new Error("the engine is not open");
    return this.#store;
  }
}
