import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { type Database, open, type RootDatabase } from "lmdb";
import { checkDataFile } from "./data-file.ts";
import { demandRoom } from "./room.ts";

/** What a confirmation means. */
export type Durability =
  /** The disk has it: it survives a power failure. */
  | "sync"
  /**
   * The operating system has it: it survives the end of the process. When the machine ends, not only the last
   * messages may be missing: where a file system does not keep the order of writes, the file may be unusable.
   */
  | "os";

/** One kind of record, by binary key. */
export type Table = Database<Buffer, Buffer>;

/**
 * The tables of one data file. All are written in the same transactions.
 *
 * - `names`: records of the core by collection and name, and the number of each queue's log
 * - `lanes`: totals of each lane of a queue
 * - `entries`: the messages of each queue, in order, neighbours together in runs
 * - `holes`: which entries of a run are gone, where some are
 * - `marks`: delivery counts of entries, where they are not 0
 * - `bodies`, `references`: messages that several entries share, and by how many
 * - `garbage`: ranges of entries that are forgotten and not yet deleted, by their last, which no two have in common
 */
export interface Tables {
  readonly names: Table;
  readonly lanes: Table;
  readonly entries: Table;
  readonly holes: Table;
  readonly marks: Table;
  readonly bodies: Table;
  readonly references: Table;
  readonly garbage: Table;
}

const BINARY = { keyEncoding: "binary", encoding: "binary" } as const;

/**
 * Binary too, but keys and values are copied into buffers that many share: memory of its own for each of a million
 * small records takes a third of the time of reading them. Who keeps a value for long copies it.
 */
const SMALL_RECORDS = {
  keyEncoder: {
    readKey: copyOf,
    writeKey(key: Buffer, target: Buffer, start: number): number {
      target.set(key, start);
      return start + key.length;
    },
  },
  encoder: {
    encode: (value: Buffer): Buffer => value,
    decode: (bytes: Buffer): Buffer => copyOf(bytes, 0, bytes.length),
  },
} as const;

function copyOf(bytes: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafe(end - start);
  copy.set(bytes.subarray(start, end));
  return copy;
}

/** Milliseconds that a failed commit waits for the library to say why. */
const CAUSE_MS = 100;

/** The data file. */
export class Store {
  readonly #path: string;
  readonly #options: { readonly durability: Durability; readonly readOnly: boolean };
  #root: RootDatabase<Buffer, Buffer>;
  #tables: Tables;
  #isClosed = false;

  /** @throws Error when the file cannot be opened */
  constructor(path: string, options: { readonly durability: Durability; readonly readOnly: boolean }) {
    this.#path = path;
    this.#options = options;
    if (!existsSync(path)) demandRoom(dirname(path), 0);
    checkDataFile(path);
    this.#root = this.#openRoot();
    this.#tables = openTables(this.#root);
  }

  /** False also while it is being opened anew. */
  get isOpen(): boolean {
    return !this.#isClosed;
  }

  get tables(): Tables {
    return this.#tables;
  }

  /**
   * Does all the writes that `write` asks for in one transaction.
   *
   * When there may be too little room for them it rejects and has not begun. For another reason, a quota of the user
   * among them, the system may refuse a write: that rejects too, and the store can be opened anew. But it may end the
   * process: lmdb 3.5.6 words the reason in 100 bytes, whatever its length. What was committed is there after a restart.
   *
   * @param byteCount of all that is written, at most
   * @returns resolves when they are as durable as the store is
   */
  async transaction(byteCount: number, write: (tables: Tables) => void): Promise<void> {
    demandRoom(dirname(this.#path), byteCount);
    try {
      await this.#root.batch(() => write(this.#tables));
    } catch (error) {
      throw await causeOf(error);
    }
  }

  /** False when no transaction can begin any more, until the file is opened anew. */
  get isUsable(): boolean {
    try {
      this.#root.transactionSync(() => undefined);
      return true;
    } catch {
      return false;
    }
  }

  /** Opens the file anew, as it was after the last transaction that succeeded. Nothing may be read meanwhile. */
  async reopen(): Promise<void> {
    await this.close();
    this.#root = this.#openRoot();
    this.#tables = openTables(this.#root);
    this.#isClosed = false;
  }

  /** Copies the file as it is now, without what is deleted, while it is being written to. */
  copyTo(path: string): Promise<void> {
    return this.#root.backup(path, true);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#root.close();
  }

  #openRoot(): RootDatabase<Buffer, Buffer> {
    const { durability, readOnly } = this.#options;
    return open<Buffer, Buffer>({
      path: this.#path,
      ...BINARY,
      readOnly,
      maxDbs: 16,
      // It would let a transaction begin while the one before is flushed, for one more write of each. The group commit
      // waits for the flush, so there never is such a transaction; and there are no fewer flushes.
      overlappingSync: false,
      noSync: durability === "os" && !readOnly,
      // The group commit says what belongs together.
      eventTurnBatching: false,
    });
  }
}

function openTables(root: RootDatabase<Buffer, Buffer>): Tables {
  const table = (name: string): Table => root.openDB<Buffer, Buffer>(name, { ...BINARY });
  return {
    names: root.openDB<Buffer, Buffer>("names", { ...SMALL_RECORDS, cache: false }),
    lanes: table("lanes"),
    entries: table("entries"),
    holes: table("holes"),
    marks: table("marks"),
    bodies: table("bodies"),
    references: table("references"),
    garbage: table("garbage"),
  };
}

/** The library reports a failed commit in two steps. The second says why, but does not always come. */
async function causeOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !("commitError" in error)) return error;
  let late: NodeJS.Timeout | undefined;
  const withoutCause = new Promise<unknown>((resolve) => {
    late = setTimeout(resolve, CAUSE_MS, error);
  });
  const told = Promise.resolve(error.commitError).then(
    () => error,
    (cause: unknown) => cause,
  );
  const cause = await Promise.race([told, withoutCause]);
  clearTimeout(late);
  return cause;
}
