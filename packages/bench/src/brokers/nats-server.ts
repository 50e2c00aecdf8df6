import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrokerKind } from "./broker.ts";
import { cores, freePort, listening, outputOf, spawnOn, stopChild } from "./child.ts";

/** nats-server speaking MQTT, for which its manual asks a server name and JetStream. */
export const natsServer: BrokerKind = {
  name: "nats-server",
  speaks: new Set(["mqtt"]),
  async version() {
    return / v(\S+)/.exec((await outputOf("nats-server", ["--version"])) ?? "")?.[1];
  },
  async start() {
    const directory = await mkdtemp(join(tmpdir(), "bench-nats-"));
    const mqtt = await freePort();
    const port = await freePort();
    const file = join(directory, "nats.conf");
    await writeFile(
      file,
      `server_name: bench\nhost: 127.0.0.1\nport: ${port}\njetstream { store_dir: "${directory}" }\n` +
        `mqtt { host: 127.0.0.1, port: ${mqtt}, max_ack_pending: 65535 }\n`,
    );
    const child = spawnOn(cores.broker, "nats-server", ["-c", file], { GOMAXPROCS: "1" });
    await listening(child, mqtt);
    return {
      pid: child.pid ?? 0,
      ports: { mqtt },
      async stop() {
        await stopChild(child);
        await rm(directory, { recursive: true });
      },
    };
  },
};
