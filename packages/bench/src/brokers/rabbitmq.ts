import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrokerKind } from "./broker.ts";
import { cores, freePort, listening, outputOf, spawnOn, stopChild } from "./child.ts";

/** The program itself; the one in the path may want to change the user. */
const debianServer = "/usr/lib/rabbitmq/bin/rabbitmq-server";
const command = existsSync(debianServer) ? debianServer : "rabbitmq-server";

/** RabbitMQ on one scheduler that does not spin while idle, as its runtime guide advises for a shared core. */
export const rabbitmq: BrokerKind = {
  name: "RabbitMQ",
  speaks: new Set(["amqp", "stomp", "mqtt"]),
  async version() {
    if (!existsSync(command)) return undefined;
    return /(\d+\.\d+\.\d+)/.exec((await outputOf("rabbitmqctl", ["version"])) ?? "")?.[1];
  },
  async start() {
    const directory = await mkdtemp(join(tmpdir(), "bench-rabbitmq-"));
    const [amqp, mqtt, stomp, dist] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ];
    const config = join(directory, "rabbitmq.conf");
    const plugins = join(directory, "plugins");
    const pidFile = join(directory, "pid");
    await writeFile(
      config,
      `listeners.tcp.1 = 127.0.0.1:${amqp}\nmqtt.listeners.tcp.1 = 127.0.0.1:${mqtt}\n` +
        `stomp.listeners.tcp.1 = 127.0.0.1:${stomp}\nmqtt.allow_anonymous = true\n` +
        "log.console.level = error\nlog.file = false\nvm_memory_high_watermark.relative = 0.6\n",
    );
    await writeFile(plugins, "[rabbitmq_mqtt,rabbitmq_stomp].\n");
    const env = {
      HOME: directory,
      RABBITMQ_NODENAME: `bench${dist}@localhost`,
      RABBITMQ_CONFIG_FILE: config,
      RABBITMQ_MNESIA_BASE: directory,
      RABBITMQ_LOG_BASE: directory,
      RABBITMQ_ENABLED_PLUGINS_FILE: plugins,
      RABBITMQ_PID_FILE: pidFile,
      RABBITMQ_DIST_PORT: String(dist),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none",
    };
    const run = async (): Promise<{ child: ChildProcess; pid: number }> => {
      const child = spawnOn(cores.broker, command, [], env);
      await Promise.all([listening(child, amqp), listening(child, mqtt), listening(child, stomp)]);
      return { child, pid: Number(await readFile(pidFile, "utf8")) };
    };
    let running = await run();
    return {
      get pid() {
        return running.pid;
      },
      ports: { amqp, mqtt, stomp },
      afterlife: {
        directory,
        async crash() {
          const { child, pid } = running;
          const gone = once(child, "exit");
          process.kill(pid, "SIGKILL");
          await gone;
          running = await run();
        },
      },
      async stop() {
        process.kill(running.pid, "SIGTERM");
        await stopChild(running.child);
        await rm(directory, { recursive: true, force: true });
      },
    };
  },
};
