import { createHash } from "node:crypto";
import { closeSync, openSync, realpathSync, unlinkSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { BrokerError } from "@dragoman/core";
import { reasonOf } from "./reason.ts";

const LOCK_FILE = "lock";
const ANSWER_MS = 1_000;
/** More only when others come and go at the same moment. */
const ATTEMPTS = 3;

/**
 * Keeps a second broker out of a data directory: a socket in it, on which the holder tells its process id.
 * The operating system closes the socket with the process, so a lock never outlives its holder, and a holder
 * in another container is seen as well.
 */
export class DirectoryLock {
  readonly #server: Server;
  readonly #directory: number | undefined;

  private constructor(server: Server, directory: number | undefined) {
    this.#server = server;
    this.#directory = directory;
  }

  /** @throws BrokerError "unavailable" when another process has the directory, or it cannot hold a lock */
  static async acquire(directory: string): Promise<DirectoryLock> {
    const handle = process.platform === "linux" ? openSync(directory, "r") : undefined;
    const path = addressIn(directory, handle);
    try {
      for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
        const server = await listen(path);
        if (server !== undefined) return new DirectoryLock(server, handle);
        const holder = await askHolder(path);
        if (holder !== undefined) {
          throw new BrokerError("unavailable", `data directory '${directory}' is in use by ${holder}`);
        }
        removeStale(path);
      }
      throw new BrokerError("unavailable", `data directory '${directory}' could not be locked`);
    } catch (error) {
      if (handle !== undefined) closeSync(handle);
      if (error instanceof BrokerError) throw error;
      const message = `data directory '${directory}' could not be locked: ${reasonOf(error)}`;
      throw new BrokerError("unavailable", message, { cause: error });
    }
  }

  release(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => {
        if (this.#directory !== undefined) closeSync(this.#directory);
        resolve();
      });
    });
  }
}

/** A socket's path has 107 bytes at most, which a directory may exceed: so it is named by its handle. */
function addressIn(directory: string, handle: number | undefined): string {
  if (handle !== undefined) return `/proc/self/fd/${handle}/${LOCK_FILE}`;
  if (process.platform !== "win32") return join(directory, LOCK_FILE);
  const digest = createHash("sha256").update(realpathSync(directory)).digest("hex");
  return `\\\\.\\pipe\\dragoman-${digest}`;
}

/** Undefined when there is a socket already. */
function listen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.unref().end(String(process.pid));
    });
    server.unref();
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen(path, () => resolve(server));
  });
}

/** Who answers on the socket, for people; undefined when nobody does. */
function askHolder(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    let answer = "";
    const answered = (): void => {
      socket.destroy();
      resolve(answer === "" ? "another process" : `process ${answer}`);
    };
    socket.setTimeout(ANSWER_MS, answered);
    socket.on("data", (bytes) => (answer += bytes.toString("latin1")));
    socket.on("end", answered);
    socket.on("error", ({ code }: NodeJS.ErrnoException) => {
      if (code === "ECONNREFUSED" || code === "ENOENT") resolve(undefined);
      else answered();
    });
  });
}

function removeStale(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Another process was faster: the next attempt finds out what it made of it.
  }
}
