import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrokerKind } from "./broker.ts";
import { cores, freePort, listening, outputOf, spawnOn, stopChild } from "./child.ts";

/** Mosquitto, with no limit on messages in flight and queued (mosquitto.conf(5)), so that none is dropped. */
export const mosquitto: BrokerKind = {
  name: "Mosquitto",
  speaks: new Set(["mqtt", "mqtt-qos2", "mqtt5", "webSocket"]),
  async version() {
    return /mosquitto version (\S+)/.exec((await outputOf("mosquitto", ["-h"])) ?? "")?.[1];
  },
  async start({ durable }) {
    const directory = await mkdtemp(join(tmpdir(), "bench-mosquitto-"));
    const mqtt = await freePort();
    const webSocket = await freePort();
    const lines = [
      "per_listener_settings false",
      "allow_anonymous true",
      "user root",
      "max_inflight_messages 0",
      "max_queued_messages 0",
      "set_tcp_nodelay true",
      "log_type none",
      `persistence ${durable}`,
      `persistence_location ${directory}/`,
      `listener ${mqtt} 127.0.0.1`,
      `listener ${webSocket} 127.0.0.1`,
      "protocol websockets",
    ];
    const file = join(directory, "mosquitto.conf");
    await writeFile(file, `${lines.join("\n")}\n`);
    const child = spawnOn(cores.broker, "mosquitto", ["-c", file]);
    await listening(child, mqtt);
    return {
      pid: child.pid ?? 0,
      ports: { mqtt, webSocket },
      async stop() {
        await stopChild(child);
        await rm(directory, { recursive: true });
      },
    };
  },
};
