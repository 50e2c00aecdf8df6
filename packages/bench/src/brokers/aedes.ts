import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { BrokerKind } from "./broker.ts";
import { cores, freePort, listening, spawnOn, stopChild } from "./child.ts";

const require = createRequire(import.meta.url);

/** aedes, if somebody has installed it: the broker that Node developers know. */
export const aedes: BrokerKind = {
  name: "aedes",
  speaks: new Set(["mqtt", "mqtt-qos2"]),
  version() {
    try {
      const { version }: { version: string } = require("aedes/package.json");
      return Promise.resolve(version);
    } catch {
      return Promise.resolve(undefined);
    }
  },
  async start() {
    const mqtt = await freePort();
    const program = fileURLToPath(new URL("aedes-server.js", import.meta.url));
    const child = spawnOn(cores.broker, process.execPath, [program, String(mqtt)]);
    await listening(child, mqtt);
    return { pid: child.pid ?? 0, ports: { mqtt }, stop: () => stopChild(child) };
  },
};
