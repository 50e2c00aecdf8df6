import { join } from "node:path";
import { Child, PYTHON } from "./child.ts";
import { Inbox } from "./inbox.ts";

export interface PythonArrival {
  readonly address: string;
  readonly body: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

type Event =
  | { readonly event: "ready" | "subscribed" | "published" }
  | { readonly event: "error"; readonly message: string }
  | ({ readonly event: "message" } & PythonArrival);

function isEvent(value: unknown): value is Event {
  return typeof value === "object" && value !== null && "event" in value;
}

/** One of Debian's Python clients: `paho_client`, `pika_client` or `stomp_client`, under `python/`. */
export class PythonClient {
  readonly arrivals: Inbox<PythonArrival>;
  readonly #child: Child;
  readonly #events: Inbox<Event>;

  static async start(script: string, url: string, ...args: readonly string[]): Promise<PythonClient> {
    const { hostname, port } = new URL(url);
    const folder = join(import.meta.dirname, "python");
    const child = new Child(PYTHON, [join(folder, `${script}.py`), hostname, port, ...args], {
      PYTHONDONTWRITEBYTECODE: "1",
    });
    const client = new PythonClient(script, child);
    await client.#happened("ready");
    return client;
  }

  private constructor(script: string, child: Child) {
    this.#child = child;
    this.arrivals = new Inbox(script);
    this.#events = new Inbox(`${script} events`);
    child.each(
      (line) => {
        const event: unknown = JSON.parse(line);
        if (!isEvent(event)) return;
        if (event.event === "message") this.arrivals.push(event);
        else this.#events.push(event);
      },
      (reason) => {
        this.arrivals.end(reason);
        this.#events.end(reason);
      },
    );
  }

  async subscribe(address: string): Promise<void> {
    this.#child.writeLine(JSON.stringify({ do: "subscribe", address }));
    await this.#happened("subscribed");
  }

  /** Resolves when the broker acknowledged it in the protocol's own way. */
  async publish(address: string, body: string, fields: object): Promise<void> {
    this.#child.writeLine(JSON.stringify({ do: "publish", address, body, fields }));
    await this.#happened("published");
  }

  async close(): Promise<void> {
    await this.#child.stop();
  }

  async #happened(what: string): Promise<void> {
    const { event } = await this.#events.next(({ event: name }) => name === what || name === "error");
    if (event === "error") throw new Error("the broker answered with an error");
  }
}
