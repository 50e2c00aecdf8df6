import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { WebSocket } from "ws";
import { within } from "../clients/inbox.ts";

const PROGRAM = "/usr/bin/chromium";
const START_MS = 30_000;

/** Why there is no browser; undefined when there is one. */
export const missingBrowser: string | undefined = existsSync(PROGRAM)
  ? undefined
  : `${PROGRAM} is not installed`;

/** An event of the debugger's protocol, or its answer to Runtime.evaluate. */
interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly result?: {
    readonly result?: { readonly value?: unknown };
    readonly exceptionDetails?: unknown;
  };
}

/** A page in a browser without a window, spoken to by its own protocol for debuggers. */
export class Chromium {
  readonly #child: ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  #calls = 0;

  static async open(url: string): Promise<Chromium> {
    const profile = mkdtempSync(join(tmpdir(), "dragoman-chromium-"));
    const words = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"];
    const child = spawn(PROGRAM, [...words, `--user-data-dir=${profile}`, "about:blank"], {
      stdio: ["ignore", "ignore", "pipe"],
      // A group of its own: its helpers must end with it, or they go on writing into the profile.
      detached: true,
    });
    const { host } = new URL(await within(debuggerUrl(child), "the browser starts", START_MS));
    const pages: unknown = await (await fetch(`http://${host}/json`)).json();
    const socket = new WebSocket(pageDebuggerUrl(pages), { perMessageDeflate: false });
    await once(socket, "open");
    const browser = new Chromium(child, profile, socket);
    await browser.#show(url);
    return browser;
  }

  private constructor(child: ChildProcess, profile: string, socket: WebSocket) {
    this.#child = child;
    this.#profile = profile;
    this.#socket = socket;
  }

  /** The text that the expression's promise resolves to. */
  async ask(expression: string): Promise<string> {
    const id = this.#call("Runtime.evaluate", { expression, awaitPromise: true });
    const answer = await within(
      this.#first((one) => one.id === id),
      expression,
    );
    const value = answer.result?.result?.value;
    if (typeof value !== "string") throw new Error(`${expression}: ${JSON.stringify(answer)}`);
    return value;
  }

  /** Resolves when the page and its scripts were loaded. */
  async #show(url: string): Promise<void> {
    const loaded = this.#first(({ method }) => method === "Page.loadEventFired");
    this.#call("Page.enable", {});
    this.#call("Page.navigate", { url });
    await within(loaded, url, START_MS);
  }

  #call(method: string, params: Readonly<Record<string, unknown>>): number {
    const id = ++this.#calls;
    this.#socket.send(JSON.stringify({ id, method, params }));
    return id;
  }

  /** The first of what the browser says from now on that is wanted. */
  #first(wanted: (answer: Answer) => boolean): Promise<Answer> {
    return new Promise((resolve) => {
      const listen = (data: Buffer): void => {
        const answer: Answer = JSON.parse(data.toString());
        if (!wanted(answer)) return;
        this.#socket.off("message", listen);
        resolve(answer);
      };
      this.#socket.on("message", listen);
    });
  }

  async close(): Promise<void> {
    this.#socket.terminate();
    // Closed when all that hold its output have ended.
    const ended = once(this.#child, "close");
    if (this.#child.pid !== undefined) process.kill(-this.#child.pid, "SIGKILL");
    await ended;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function debuggerUrl(child: ChildProcess): Promise<string> {
  if (child.stderr === null) throw new Error("the browser has no standard error");
  for await (const line of createInterface({ input: child.stderr })) {
    const [url] = /ws:\S+/.exec(line) ?? [];
    if (url === undefined) continue;
    child.stderr.resume();
    return url;
  }
  throw new Error("the browser ended before it was ready");
}

function pageDebuggerUrl(pages: unknown): string {
  for (const page of Array.isArray(pages) ? pages : []) {
    if (page.type === "page" && typeof page.webSocketDebuggerUrl === "string")
      return page.webSocketDebuggerUrl;
  }
  throw new Error("the browser shows no page");
}
