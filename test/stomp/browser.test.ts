import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBroker, type RunningBroker } from "dragoman";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Chromium, missingBrowser } from "./chromium.ts";
import { servePage } from "./page-server.ts";

const TIMEOUT_MS = 60_000;

let dataDir: string;
let page: Awaited<ReturnType<typeof servePage>>;
let broker: RunningBroker;
let browser: Chromium | undefined;

/** The port is the page's way back to a broker that was restarted. */
async function start(port: number): Promise<void> {
  broker = await createBroker({ dataDir, listeners: [{ port }] });
}

async function openPage(): Promise<Chromium> {
  const url = encodeURIComponent(`${broker.url("ws")}/stomp`);
  browser = await Chromium.open(`${page.url}?broker=${url}`);
  return browser;
}

const call = (name: string, ...words: readonly unknown[]): string =>
  `${name}(${words.map((word) => JSON.stringify(word)).join(", ")})`;

const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `price-${from + index}`);

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "dragoman-browser-"));
  page = await servePage();
  await start(0);
});

afterEach(async () => {
  await browser?.close();
  browser = undefined;
  await broker.close();
  await page.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const skipped = missingBrowser === undefined ? "" : ` (skipped: ${missingBrowser})`;

describe.skipIf(missingBrowser !== undefined)(
  `a page with @stomp/stompjs over WebSocket${skipped}`,
  { timeout: TIMEOUT_MS },
  () => {
    it("receives text and every byte as it sent them", async () => {
      const tab = await openPage();
      await tab.ask(call("connect", "/queue/page", { ack: "client-individual" }));

      await tab.ask(call("send", "/queue/page", { body: "grüß ☃ 🚌" }));
      const text = await tab.ask(call("nextText", "ack"));
      await tab.ask(`send("/queue/page", { binaryBody: Uint8Array.from({ length: 256 }, (_, i) => i) })`);
      const bytes = await tab.ask(call("nextBytes"));

      expect(text).toBe("grüß ☃ 🚌");
      expect(bytes).toBe(Array.from({ length: 256 }, (_, octet) => octet).join(" "));
    });

    it("acknowledges, gives back and rejects, each message by itself", async () => {
      const tab = await openPage();
      const deadLetters = { "x-dead-letter-exchange": "amq.fanout" };
      await tab.ask(call("connect", "/queue/jobs", { ack: "client-individual", ...deadLetters }));
      await tab.ask(
        `new Promise((resolve) => {
          client.watchForReceipt("dead", () => resolve("subscribed"));
          window.dead = new Promise((arrived) => {
            client.subscribe("/exchange/amq.fanout", ({ body }) => arrived(body), { receipt: "dead" });
          });
        })`,
      );

      for (const body of ["keep", "retry", "refuse"]) await tab.ask(call("send", "/queue/jobs", { body }));
      const first = [];
      for (const how of ["ack", "requeue", "reject"]) first.push(await tab.ask(call("nextText", how)));
      const again = await tab.ask(call("nextText", "ack"));
      await tab.ask(call("send", "/queue/jobs", { body: "last" }));
      const last = await tab.ask(call("nextText", "ack"));

      expect(first.map((text) => text.replace(" again", "")).toSorted()).toEqual(["keep", "refuse", "retry"]);
      expect(again).toBe("retry again");
      expect(last).toBe("last");
      expect(await tab.ask("window.dead")).toBe("refuse");
    });

    it("reconnects to a restarted broker, and its durable subscription has lost nothing", async () => {
      const tab = await openPage();
      const durable = { id: "page", durable: "true", "auto-delete": "false", ack: "client-individual" };
      const port = Number(new URL(broker.url("ws")).port);
      await tab.ask(call("connect", "/topic/prices.#", durable));
      for (const body of numbered(1, 3)) await broker.publish({ topic: "prices/acme", body });
      const before = await tab.ask(call("nextTexts", 2));
      const unsettled = await tab.ask(call("nextText", "leave"));
      // A receipt says that the acknowledgements before it arrived.
      await tab.ask(call("send", "/queue/elsewhere", { body: "" }));

      await broker.close();
      // Started where the page does not find it: what is published now can only wait.
      await start(0);
      for (const body of numbered(4, 103)) await broker.publish({ topic: "prices/acme", body });
      await broker.close();
      await start(port);
      const again = await tab.ask(call("nextText", "ack"));
      const waited = await tab.ask(call("nextTexts", 100));
      await broker.publish({ topic: "prices/acme", body: "price-104" });
      const after = await tab.ask(call("nextText", "ack"));

      expect(before).toBe("price-1 price-2");
      expect(unsettled).toBe("price-3");
      expect(again).toBe("price-3 again");
      expect(waited).toBe(numbered(4, 103).join(" "));
      expect(after).toBe("price-104");
      expect(await tab.ask("String(connections)")).toBe("2");
    });
  },
);
