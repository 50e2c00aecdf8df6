import type { ChildProcess } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BrokerKind } from "./broker.ts";
import { cores, freePort, killChild, listening, spawnOn, stopChild } from "./child.ts";

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
    speaks: new Set(["mqtt", "mqtt-qos2", "mqtt5", "amqp", "stomp", "webSocket", "durability-os"]),
    version() {
      const { version }: { version: string } = require(join(program, "../../package.json"));
      return Promise.resolve(version);
    },
    async start({ durable, durability, directory: kept }) {
      const directory = kept ?? (await mkdtemp(join(tmpdir(), "bench-dragoman-")));
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
      const storage: readonly string[] = durable
        ? await durableOptions(directory, durability)
        : ["--ephemeral"];
      const options = [...ports, ...storage, "--log-level", "warn"].map(String);
      const args = [...nodeOptions, program, "start", ...options];
      const run = async (): Promise<ChildProcess> => {
        const started = spawnOn(cores.broker, process.execPath, args);
        await Promise.all([mqtt, stomp, amqp].map((port) => listening(started, port)));
        return started;
      };
      let child = await run();
      return {
        get pid() {
          return child.pid ?? 0;
        },
        ports: { mqtt, stomp, amqp, webSocket },
        afterlife: {
          directory,
          async crash() {
            await killChild(child);
            child = await run();
          },
        },
        async stop() {
          await stopChild(child);
          if (kept === undefined) await rm(directory, { recursive: true, force: true });
        },
      };
    },
  };
}

/** As the others are set up: no limit to what waits for a session. The broker tells its commits every second. */
async function durableOptions(directory: string, durability = "sync"): Promise<string[]> {
  const file = join(directory, "dragoman.yaml");
  const mqtt = { sysIntervalSeconds: 1, maxQueuedMessages: UNLIMITED, maxQueuedBytes: UNLIMITED };
  await writeFile(file, JSON.stringify({ mqtt }));
  return ["--config", file, "--data-dir", join(directory, "data"), "--durability", durability];
}

const UNLIMITED = Number.MAX_SAFE_INTEGER;
