import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BrokerKind } from "./broker.ts";
import { cores, freePort, listening, spawnOn, stopChild } from "./child.ts";

const ourServer = fileURLToPath(new URL("../../../server/dist/main.js", import.meta.url));
const require = createRequire(import.meta.url);

/**
 * Dragoman as it is built beside this package, or in another checkout.
 *
 * @param nodeOptions given to Node itself, for profiles
 */
export function dragoman(
  name = "Dragoman",
  program: string = ourServer,
  nodeOptions: readonly string[] = [],
): BrokerKind {
  return {
    name,
    speaks: new Set(["mqtt", "mqtt-qos2", "mqtt5", "amqp", "stomp", "webSocket"]),
    version() {
      const { version }: { version: string } = require(join(program, "../../package.json"));
      return Promise.resolve(version);
    },
    async start({ durable }) {
      const directory = await mkdtemp(join(tmpdir(), "bench-dragoman-"));
      const [mqtt, stomp, amqp, webSocket] = [
        await freePort(),
        await freePort(),
        await freePort(),
        await freePort(),
      ];
      const ports = [
        "--mqtt-port",
        mqtt,
        "--stomp-port",
        stomp,
        "--amqp-port",
        amqp,
        "--http-port",
        webSocket,
      ];
      const storage = durable ? ["--data-dir", directory] : ["--ephemeral"];
      const options = [...ports, ...storage, "--log-level", "warn"].map(String);
      const args = ["--max-semi-space-size=64", ...nodeOptions, program, "start", ...options];
      const child = spawnOn(cores.broker, process.execPath, args);
      await Promise.all([mqtt, stomp, amqp].map((port) => listening(child, port)));
      return {
        pid: child.pid ?? 0,
        ports: { mqtt, stomp, amqp, webSocket },
        async stop() {
          await stopChild(child);
          await rm(directory, { recursive: true, force: true });
        },
      };
    },
  };
}
