import { EventEmitter } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Password } from "./access/password.ts";
import { runCommand } from "./command.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "dragoman-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** A process of its own, as far as the command can see. */
class FakeProcess extends EventEmitter {
  readonly env: Record<string, string> = {};
  readonly stdin: Readable;
  readonly stdout = new PassThrough({ encoding: "utf8" });
  readonly stderr = new PassThrough({ encoding: "utf8" });

  constructor(input = "") {
    super();
    this.stdin = Readable.from([input]);
  }

  get printed(): string {
    return String(this.stdout.read() ?? "");
  }

  get complained(): string {
    return String(this.stderr.read() ?? "");
  }
}

interface LogLine {
  readonly msg: string;
  readonly listeners?: readonly { readonly port: number; readonly protocols: readonly string[] }[];
}

/** The broker's log, as far as the line with this message. */
async function logUntil(message: string, { stdout }: FakeProcess): Promise<LogLine> {
  for await (const chunk of stdout.iterator({ destroyOnReturn: false })) {
    for (const text of String(chunk).split("\n").filter(Boolean)) {
      const line: LogLine = JSON.parse(text);
      if (line.msg === message) return line;
    }
  }
  throw new Error(`the log ended before '${message}'`);
}

const free = ["--mqtt-port=0", "--stomp-port=0", "--amqp-port=0", "--http-port=0"];

describe("dragoman", () => {
  it("prints its help and its version", async () => {
    const world = new FakeProcess();

    await expect(runCommand(["--help"], world)).resolves.toBe(0);
    expect(world.printed).toMatch(/^Dragoman \d+\.\d+\.\d+: .*--mqtt-port <port>/s);
    await expect(runCommand(["-v"], world)).resolves.toBe(0);
    expect(world.printed).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each(["SIGTERM", "SIGINT"])(
    "says in one line that it is ready, and ends with 0 on %s",
    async (signal) => {
      const world = new FakeProcess();
      const ended = runCommand(["start", "--ephemeral", ...free], world);

      const { listeners = [] } = await logUntil("ready", world);
      const health = await fetch(`http://127.0.0.1:${listeners[3]?.port}/health`);
      world.emit(signal, signal);

      expect(listeners.map(({ protocols }) => protocols[0])).toStrictEqual(["mqtt", "stomp", "amqp", "http"]);
      expect(health.status).toBe(200);
      await expect(ended).resolves.toBe(0);
    },
  );

  it("ends with 1 and one sentence when a port is taken", async () => {
    const first = new FakeProcess();
    const ended = runCommand(["--ephemeral", ...free], first);
    const { listeners = [] } = await logUntil("ready", first);
    const second = new FakeProcess();

    await expect(
      runCommand(["--ephemeral", ...free, "--amqp-port", String(listeners[2]?.port)], second),
    ).resolves.toBe(1);

    expect(second.complained).toMatch(/^dragoman: port \d+ on 127\.0\.0\.1 is taken: .*--amqp-port\n$/);
    first.emit("SIGTERM", "SIGTERM");
    await ended;
  });

  it("ends with 1 and all faults when the configuration is bad", async () => {
    const file = join(directory, "dragoman.yaml");
    writeFileSync(file, "mqttPort: many\nuser: []\n");
    const world = new FakeProcess();

    await expect(runCommand(["--config", file, "--color"], world)).resolves.toBe(1);

    expect(world.complained.replaceAll(directory, "").split("\n")).toStrictEqual([
      "dragoman: bad configuration:",
      "  --color: there is no such flag",
      '  /dragoman.yaml:1: mqttPort is "many"; want a port from 0 to 65535 (0 picks a free one), or off',
      "  /dragoman.yaml:2: there is no key user; did you mean 'users'?",
      "",
    ]);
  });

  it("hashes a password from standard input", async () => {
    const world = new FakeProcess("secret\n");

    await expect(runCommand(["hash-password"], world)).resolves.toBe(0);

    await expect(new Password(world.printed.trim()).verify(Buffer.from("secret"))).resolves.toBe(true);
  });

  it("hashes a password so that its user can log in by SCRAM-SHA-256", async () => {
    const world = new FakeProcess("secret\n");

    await expect(runCommand(["hash-password", "--scram"], world)).resolves.toBe(0);

    const hash = world.printed.trim();
    expect(hash).toMatch(/^SCRAM-SHA-256\$4096:/);
    await expect(new Password(hash).verify(Buffer.from("secret"))).resolves.toBe(true);
  });

  it("refuses to hash nothing", async () => {
    const world = new FakeProcess("\n");

    await expect(runCommand(["hash-password"], world)).resolves.toBe(1);
    expect(world.complained).toBe("dragoman: no password on standard input\n");
  });
});
