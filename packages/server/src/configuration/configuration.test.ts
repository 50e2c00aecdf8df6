import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { format } from "prettier";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StartError } from "../start-error.ts";
import { AMQP_SETTINGS } from "./amqp-section.ts";
import { readCommandLine } from "./command-line.ts";
import type { Configuration } from "./configuration.ts";
import { readFileText } from "./file.ts";
import { MQTT_SETTINGS } from "./mqtt-section.ts";
import { EXAMPLE_FILE, helpText, referencePage } from "./reference.ts";
import { resolveConfiguration } from "./resolve.ts";
import { flagOf, SETTING_KEYS, variableOf } from "./settings.ts";
import { STOMP_SETTINGS } from "./stomp-section.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "dragoman-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

function file(contents: string): string {
  const path = join(directory, "dragoman.yaml");
  writeFileSync(path, contents);
  return path;
}

function configure(words: readonly string[], environment: Record<string, string> = {}): Configuration {
  const { flags, faults } = readCommandLine(words);
  return resolveConfiguration({ flags, environment }, faults);
}

function refusal(words: readonly string[], environment: Record<string, string> = {}): string {
  try {
    configure(words, environment);
  } catch (error) {
    if (error instanceof StartError) return error.message.replaceAll(directory, "");
    throw error;
  }
  throw new Error("expected a refusal");
}

function faultsOf(source: string): string[] {
  return readFileText(source, "f").faults.map(({ where, what }) => `${where}: ${what}`);
}

describe("the configuration", () => {
  it("has the standard ports on the loopback address when nothing is set", () => {
    expect(configure([])).toMatchObject({
      host: "127.0.0.1",
      mqttPort: 1883,
      stompPort: 61_613,
      amqpPort: 5672,
      httpPort: 8080,
      dataDir: "./dragoman-data",
      ephemeral: false,
      listeners: [],
      users: [],
    });
  });

  it("takes a flag before the environment before the file before the standard", () => {
    const path = file("mqttPort: 1\nstompPort: 1\namqpPort: 1\n");
    const environment = { DRAGOMAN_MQTT_PORT: "2", DRAGOMAN_STOMP_PORT: "2", DRAGOMAN_CONFIG: path };

    const found = configure(["--mqtt-port", "3"], environment);

    expect(found).toMatchObject({ mqttPort: 3, stompPort: 2, amqpPort: 1, httpPort: 8080 });
  });

  it("takes each setting from all three places", () => {
    const path = file(
      "host: localhost\nephemeral: true\nhttpPort: off\nlogLevel: debug\nallowedOrigins: [a, b]\n",
    );
    const wanted = { host: "localhost", ephemeral: true, httpPort: "off", allowedOrigins: ["a", "b"] };
    const environment = {
      DRAGOMAN_HOST: "localhost",
      DRAGOMAN_EPHEMERAL: "true",
      DRAGOMAN_HTTP_PORT: "off",
      DRAGOMAN_ALLOWED_ORIGINS: "a, b",
    };
    const flags = ["--host=localhost", "--ephemeral", "--http-port", "off", "--allowed-origins", "a,b"];

    expect(configure(["--config", path])).toMatchObject(wanted);
    expect(configure([], environment)).toMatchObject(wanted);
    expect(configure(flags)).toMatchObject(wanted);
  });

  it("closes the standard ports when listeners are named, but not a port that is named too", () => {
    const path = file("listeners: [{ port: 0 }]\namqpPort: 5673\n");

    expect(configure(["--config", path])).toMatchObject({
      mqttPort: "off",
      stompPort: "off",
      amqpPort: 5673,
      httpPort: "off",
      listeners: [{ port: 0 }],
    });
  });

  it.each(["", " ", "x", "-1", "65536", "1.5", "0x10"])("refuses port %j and says what it wants", (port) => {
    expect(refusal([], { DRAGOMAN_MQTT_PORT: port })).toBe(
      `bad configuration: DRAGOMAN_MQTT_PORT: is ${JSON.stringify(port)}; want a port from 0 to 65535 (0 picks a free one), or off`,
    );
  });

  it("reports all faults of all places at once", () => {
    const path = file("mqttPort: 70000\nlogLevel: loud\n");

    const message = refusal(["--config", path, "--mqtt-prt", "1", "--http-port", "x", "sart"], {
      DRAGOMAN_EPHEMERAL: "maybe",
    });

    expect(message.split("\n")).toStrictEqual([
      "bad configuration:",
      "  --mqtt-prt: there is no such flag; did you mean '--mqtt-port'?",
      "  sart: there is no such command; did you mean 'start'?",
      "  /dragoman.yaml:1: mqttPort is 70000; want a port from 0 to 65535 (0 picks a free one), or off",
      '  /dragoman.yaml:2: logLevel is "loud"; want one of trace, debug, info, warn, error, fatal, silent',
      '  DRAGOMAN_EPHEMERAL: is "maybe"; want true or false',
      '  --http-port: is "x"; want a port from 0 to 65535 (0 picks a free one), or off',
    ]);
  });

  it("says that a file cannot be read", () => {
    expect(refusal(["--config", join(directory, "absent.yaml")])).toMatch(/cannot be read \(ENOENT\)/);
  });

  it("creates the virtual hosts that MQTT clients are sent to", () => {
    const path = file(
      "virtualHosts: [a]\nmqtt: { virtualHost: b }\nlisteners: [{port: 0, mqtt: {virtualHost: c}}]\n",
    );

    expect(configure(["--config", path]).virtualHosts).toStrictEqual(["a", "b", "c"]);
  });

  it("ignores variables that a cluster sets beside ours", () => {
    expect(configure([], { DRAGOMAN_SERVICE_HOST: "10.0.0.1" })).toMatchObject({ host: "127.0.0.1" });
  });
});

describe("a configuration file", () => {
  it("may be empty", () => {
    expect(readFileText("# nothing yet\n", "f")).toStrictEqual({ values: {}, faults: [] });
  });

  it("names line and key of everything that is wrong, and what would be good", () => {
    const source = [
      "mqtt-port: 1883",
      "listeners:",
      "  - port: 80000",
      "    protocols: [mqtt, coap]",
      "  - host: localhost",
      "users:",
      "  - name: ann",
      "    password: secret",
      "    permissions:",
      "      - virtualHost: /",
      "        publish: some",
      "        subscribe: { topics: [a/#/b] }",
      "        configure: { queue: [a] }",
      "  - name: ben",
      "  - { name: ann, password: $scrypt$broken }",
    ].join("\n");

    expect(faultsOf(source).toSorted()).toStrictEqual(
      [
        "f:1: there is no key mqtt-port; did you mean 'mqttPort'?",
        "f:3: listeners[0].port is 80000; want a port from 0 to 65535 (0 picks a free one)",
        'f:4: listeners[0].protocols[1] is "coap"; want one of mqtt, stomp, amqp, http',
        "f:5: listeners[1].port is missing; want a port from 0 to 65535 (0 picks a free one)",
        'f:11: users[0].permissions[0].publish is "some"; want all, or lists named topics, queues and exchanges',
        'f:12: users[0].permissions[0].subscribe.topics[0] is "a/#/b"; want a topic filter such as hfp/+/bus/#, with # in last place only',
        "f:13: there is no key users[0].permissions[0].configure.queue",
        "f:14: users[1].password is missing; want a password: only the user 'anonymous' has none",
        "f:15: users[2].password is not good; want a hash as 'dragoman hash-password' prints it, or a plain password",
      ].toSorted(),
    );
  });

  it("names line and key of what is wrong in the sections of protocols", () => {
    const source = [
      "mqtt:",
      "  maximumQoS: 1",
      "  maxSessionExpirySeconds: soon",
      "  mounts: [{ prefix: orders, exchange: orders }]",
      "stomp: { bareDestination: exchange }",
      "amqp: { frameMax: 100, frame: 1 }",
      "listeners:",
      "  - port: 0",
      "    mqtt: { maximumQos: 3, keepQos0: true }",
      "    amqqp: {}",
    ].join("\n");

    expect(faultsOf(source).toSorted()).toStrictEqual(
      [
        "f:2: there is no key mqtt.maximumQoS; did you mean 'maximumQos'?",
        'f:3: mqtt.maxSessionExpirySeconds is "soon"; want a whole number from 0 to 4294967294, or unlimited',
        'f:4: mqtt.mounts[0].prefix is "orders"; want a beginning of topics that ends with "/", without "$", "+" and "#"',
        'f:5: stomp.bareDestination is "exchange"; want one of topic, queue',
        "f:6: amqp.frameMax is 100; want a whole number from 4096 to 16777216",
        "f:6: there is no key amqp.frame",
        "f:9: listeners[0].mqtt.maximumQos is 3; want one of 0, 1, 2",
        "f:9: there is no key listeners[0].mqtt.keepQos0; did you mean 'keepsQos0'?",
        "f:10: there is no key listeners[0].amqqp; did you mean 'amqp'?",
      ].toSorted(),
    );
  });

  it("takes a section as it stands, for all listeners or for one", () => {
    const source = "mqtt: { maximumQos: 1 }\nlisteners: [{ port: 0, stomp: { profile: activemq } }]\n";

    expect(readFileText(source, "f").values).toStrictEqual({
      mqtt: { maximumQos: 1 },
      listeners: [{ port: 0, stomp: { profile: "activemq" } }],
    });
  });

  it("refuses two listeners at one address, but not two free ports", () => {
    const source = "listeners:\n  - port: 1883\n  - port: 0\n  - port: 0\n  - port: 1883\n";

    expect(faultsOf(source)).toStrictEqual([
      "f:5: listeners[3].port is 1883; want another port or host: listeners[0] has this one",
    ]);
  });

  it("refuses two users of one name", () => {
    expect(faultsOf("users:\n  - {name: a, password: b}\n  - {name: a, password: c}\n")).toStrictEqual([
      'f:3: users[1].name is "a"; want another name: this user is listed twice',
    ]);
  });

  it("never shows a password", () => {
    expect(faultsOf("users: [{ name: a, password: 12345 }]").join(" ")).not.toContain("12345");
  });

  it.each([
    ["a: b: c", "f:1: "],
    ["mqttPort: 1\nmqttPort: 2\n", "f:2: "],
    ["- 1", "f:1: the file is not good; want keys and values, such as mqttPort: 1883"],
  ])("refuses %j with its line", (source, want) => {
    expect(faultsOf(source)[0]).toContain(want);
  });
});

describe("the reference", () => {
  it("is up to date in CONFIGURATION.md (npx vitest run packages/server -u writes it)", async () => {
    const page = await format(referencePage(), { parser: "markdown", printWidth: 110 });

    await expect(page).toMatchFileSnapshot("../../CONFIGURATION.md");
  });

  it("shows an example file that is good", () => {
    expect(readFileText(EXAMPLE_FILE, "f").faults).toStrictEqual([]);
  });

  it("names every key of the sections, with its standard", () => {
    const tables = [MQTT_SETTINGS, STOMP_SETTINGS, AMQP_SETTINGS];
    for (const key of tables.flatMap((table) => Object.keys(table))) {
      expect(referencePage()).toContain(`| \`${key}\` |`);
    }
  });

  it("names every setting in the help and on the page", () => {
    for (const key of SETTING_KEYS) {
      expect(helpText("1.0.0")).toContain(flagOf(key));
      expect(referencePage()).toContain(variableOf(key));
    }
  });
});
