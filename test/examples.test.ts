import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { Client } from "@stomp/stompjs";
import { createBroker, type RunningBroker } from "dragoman";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";

const CHROMIUM = "/usr/bin/chromium";
const directory = fileURLToPath(new URL("../examples/bridge/", import.meta.url));

let broker: RunningBroker;
let pageUrl: string;
const children: ChildProcess[] = [];

/** Starts a script of the example. */
function run(script: string, ...words: string[]): ChildProcess {
  const child = spawn(process.execPath, [join(directory, script), ...words], {
    env: {
      ...process.env,
      MQTT_URL: broker.url("mqtt"),
      AMQP_URL: broker.url("amqp"),
      STOMP_URL: `${broker.url("ws")}/stomp`,
      PORT: "0",
      INTERVAL_MS: "100",
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  return child;
}

/** What the stream brings, as far as the pattern; what comes later is read and thrown away. */
async function printed(stream: Readable | null, pattern: RegExp): Promise<string> {
  let text = "";
  for await (const chunk of stream?.iterator({ destroyOnReturn: false }) ?? []) {
    text += String(chunk);
    const [found] = pattern.exec(text) ?? [];
    if (found === undefined) continue;
    stream?.resume();
    return found;
  }
  throw new Error(`it ended without printing ${pattern}: ${text}`);
}

beforeAll(async () => {
  broker = await createBroker();
  await Promise.all([
    printed(run("devices.js").stdout, /vehicles on their way/),
    printed(run("worker.js").stdout, /waiting for jobs/),
    printed(run("page-server.js").stdout, /http:\S+/).then((url) => (pageUrl = url)),
  ]);
});

afterAll(async () => {
  const ended = children
    .filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
    .map((child) => once(child, "exit"));
  for (const child of children) child.kill();
  await Promise.all(ended);
  await broker.close();
});

describe("examples/bridge", () => {
  it("shows a vehicle that speaks MQTT to a page that speaks STOMP, its topic unharmed", async () => {
    const url = `${broker.url("ws")}/stomp`;
    const client = new Client({ webSocketFactory: () => new WebSocket(url, ["v12.stomp"]) });
    const seen = new Promise<{ destination: string | undefined; body: string }>((resolve) => {
      client.onConnect = () => {
        client.subscribe("/topic//hfp/v2/journey/ongoing/vp/bus/0055/01216/#", ({ headers, body }) =>
          resolve({ destination: headers["destination"], body }),
        );
      };
    });
    client.activate();

    const { destination, body } = await seen;
    await client.deactivate();

    expect(destination).toMatch(
      /^\/topic\/\/hfp\/v2\/journey\/ongoing\/vp\/bus\/0055\/01216\/55\/[12]\/[^/]+\/\d+:\d+\/[^/]+\/4\/60;24\/\d\d\/\d\d\/\d\d$/,
    );
    expect(JSON.parse(body)).toMatchObject({ VP: { desi: "55", oper: 55, veh: 1216 } });
  });

  it("answers a request of MQTT 5 by a worker that speaks AMQP", async () => {
    const answer = await printed(run("ask.js", "1216").stdout, /.*\n/);

    expect(answer).toMatch(/^line 55 to \S+ reaches \S+ in \d+ s\n$/);
  });

  it.skipIf(!existsSync(CHROMIUM))(
    "moves vehicles on the map of a browser, and shows the worker's answer",
    { timeout: 30_000 },
    async () => {
      const browser = await Browser.open(pageUrl);
      try {
        const before = await browser.when('document.querySelector(".vehicle")?.style.transform');
        const moved = await browser.when(
          `[document.querySelector(".vehicle").style.transform].find((now) => now !== ${JSON.stringify(before)})`,
        );
        await browser.when('document.querySelector("#vehicles button")?.click() ?? "clicked"');
        const answer = await browser.when(
          '[document.querySelector(".answer").textContent].find((text) => text.includes("reaches"))',
        );

        expect(moved).toMatch(/^translate\(/);
        expect(answer).toMatch(/^reaches \S+ in \d+ s$/);
      } finally {
        await browser.close();
      }
    },
  );
});

/** A page in a browser without a window, spoken to by its own protocol for debuggers. */
class Browser {
  readonly #child: ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  #calls = 0;

  private constructor(child: ChildProcess, profile: string, socket: WebSocket) {
    this.#child = child;
    this.#profile = profile;
    this.#socket = socket;
  }

  static async open(url: string): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), "dragoman-chromium-"));
    const words = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"];
    const child = spawn(CHROMIUM, [...words, `--user-data-dir=${profile}`, url], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const { host } = new URL(await printed(child.stderr, /ws:\S+/));
    const pages: unknown = await (await fetch(`http://${host}/json`)).json();
    const socket = new WebSocket(debuggerOf(pages), { perMessageDeflate: false });
    await once(socket, "open");
    return new Browser(child, profile, socket);
  }

  /** The value of the expression, as soon as it is a text. */
  async when(expression: string): Promise<string> {
    while (true) {
      const id = ++this.#calls;
      const answered = new Promise<string>((resolve) => {
        const listen = (data: Buffer): void => {
          const message: { id?: number; result?: { result?: { value?: unknown } } } = JSON.parse(
            data.toString(),
          );
          if (message.id !== id) return;
          this.#socket.off("message", listen);
          const value = message.result?.result?.value;
          resolve(typeof value === "string" ? value : "");
        };
        this.#socket.on("message", listen);
      });
      this.#socket.send(JSON.stringify({ id, method: "Runtime.evaluate", params: { expression } }));
      const value = await answered;
      if (value !== "") return value;
    }
  }

  async close(): Promise<void> {
    this.#socket.terminate();
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

function debuggerOf(pages: unknown): string {
  for (const page of Array.isArray(pages) ? pages : []) {
    if (page.type === "page" && typeof page.webSocketDebuggerUrl === "string")
      return page.webSocketDebuggerUrl;
  }
  throw new Error("the browser shows no page");
}
