import { AMQP_SETTINGS } from "./amqp-section.ts";
import { MQTT_SETTINGS } from "./mqtt-section.ts";
import type { SectionTable } from "./section.ts";
import type { Setting } from "./setting.ts";
import { flagOf, SETTING_KEYS, SETTINGS, variableOf } from "./settings.ts";
import { STOMP_SETTINGS } from "./stomp-section.ts";

/** What `dragoman --help` prints. */
export function helpText(version: string): string {
  const rows = SETTING_KEYS.map((key) => {
    const { form, help, standard }: Setting<unknown> = SETTINGS[key];
    return [
      `${flagOf(key)} ${form.placeholder === "" ? "" : `<${form.placeholder}>`}`,
      help,
      spell(standard),
    ];
  });
  const flags = [["--config <file>", "YAML file with any of these as keys, and more", ""], ...rows];
  const width = Math.max(...flags.map(([flag = ""]) => flag.length)) + 2;
  const lines = flags.map(([flag = "", help = "", standard = ""]) => {
    const text = standard === "" ? help : `${help} [${standard}]`;
    return `  ${flag.padEnd(width)}${wrap(text, 100 - width).join(`\n${" ".repeat(width + 2)}`)}`;
  });
  return `Dragoman ${version}: one broker for MQTT, STOMP and AMQP 0-9-1

Usage:
  dragoman [start] [flags]     start the broker
  dragoman check               read everything in the data directory, which no broker may be using, and
                               say whether it is sound
  dragoman backup --to <dir>   copy the data directory, also while a broker is using it
  dragoman hash-password       read a password from standard input, print what may stand in the file; with
                               --scram its user can log in by SCRAM-SHA-256 too

Flags:
${lines.join("\n")}

Each flag is also an environment variable (${flagOf("mqttPort")} is ${variableOf("mqttPort")}) and a key of the
file (mqttPort). Flags beat the environment, and the environment beats the file.
`;
}

/** The reference page, CONFIGURATION.md. */
export function referencePage(): string {
  const rows = SETTING_KEYS.map((key) => {
    const { form, help, standard }: Setting<unknown> = SETTINGS[key];
    return `| \`${flagOf(key)}\` | \`${variableOf(key)}\` | \`${key}\` | ${code(spell(standard))} | ${sentence(help)} Wants ${form.want}. |`;
  });
  return `# Configuration

Every setting can be given as a flag, as an environment variable, and as a key of a YAML file named by
\`--config\` or \`DRAGOMAN_CONFIG\`. Flags beat the environment, and the environment beats the file. A mistake stops
the start; all of them are reported at once, those in the file with line and key.

## Settings

| Flag | Variable | Key | Standard | |
| --- | --- | --- | --- | --- |
${rows.join("\n")}

${SECTIONS}
### mqtt, stomp, amqp

What each protocol can be told, as in \`mqtt: { maximumQos: 1 }\`. Each setting has the standard shown here until
the file says otherwise; a listener may have sections of its own, which go before those of the file.

#### mqtt

${sectionRows(MQTT_SETTINGS)}

With \`mqtt3Envelope: json\` each payload that a client of MQTT 3.1 or 3.1.1 gets is a JSON object, which may have the keys
\`contentType\`, \`payloadFormatIndicator\` (0 or 1), \`messageExpiryInterval\` (the seconds that remain), \`responseTopic\`,
\`correlationData\` and \`userProperties\` (an object; a name that is repeated has a list of values), and has \`payload\`. Bytes
that are no text come in base64 as \`payloadBase64\` and \`correlationDataBase64\`:

\`\`\`json
{ "contentType": "text/plain", "userProperties": { "colour": "blue" }, "payload": "21.5" }
\`\`\`

What such a client publishes, its will included, is read in the same way. A payload that is not of this form (no JSON
object, without a payload in it, or with any other key or type) is no envelope: it is the message's body as it is.

#### stomp

${sectionRows(STOMP_SETTINGS)}

#### amqp

${sectionRows(AMQP_SETTINGS)}
`;
}

function sectionRows<T>(table: SectionTable<T>): string {
  const rows = Object.entries<Setting<unknown>>(table).map(
    ([key, { form, help, standard }]) =>
      `| \`${key}\` | ${code(inYaml(standard))} | ${sentence(help)} Wants ${form.want}. |`,
  );
  return `| Key | Standard | |\n| --- | --- | --- |\n${rows.join("\n")}`;
}

function inYaml(standard: unknown): string {
  if (standard === undefined) return "";
  return typeof standard === "string" ? standard : JSON.stringify(standard);
}

/** The example file of the reference page. */
export const EXAMPLE_FILE = `host: 0.0.0.0
httpPort: 8080

listeners:
  - port: 1883 # every protocol: the first bytes tell which one
  - port: 8883
    protocols: [mqtt, http]
    tls: { certFile: server.pem, keyFile: server-key.pem }
    mqtt: { maximumQos: 1 } # here only

mqtt:
  maxKeepAliveSeconds: 300
  mounts: [{ prefix: orders/, exchange: orders }]
stomp: { bareDestination: queue }
amqp: { product: RabbitMQ, version: 3.13.7 }

virtualHosts: [staging]

users:
  - name: admin # without permissions: everything, everywhere
    password: $scrypt$N=16384,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g

  - name: bus-1055
    password: "a plain password works too"
    permissions:
      - virtualHost: /
        publish: { topics: [/hfp/v2/journey/#] }
        subscribe: { topics: [commands/+/bus-1055] }

  - name: workers
    password: "another one"
    permissions:
      - virtualHost: staging
        configure: { queues: [jobs*] }
        publish: all
        subscribe: { queues: [jobs*], topics: ["#"] }

  - name: anonymous # clients that do not log in
    loopbackOnly: true
    permissions:
      - virtualHost: /
        subscribe: { topics: [public/#] }
`;

const SECTIONS = `## The file

Besides the settings, the file holds listeners, what each protocol is told, virtual hosts and users:

\`\`\`yaml
${EXAMPLE_FILE}\`\`\`

### listeners

Ports besides those of the settings. When there are any, \`mqttPort\`, \`stompPort\`, \`amqpPort\` and \`httpPort\` are off
unless they are set too.

| Key | |
| --- | --- |
| \`port\` | 0 picks a free one. |
| \`host\` | The address to listen on; without it, \`host\` of the settings. |
| \`protocols\` | Any of \`mqtt\`, \`stomp\`, \`amqp\`, \`http\`; without it, all of them. The first one answers a peer whose first bytes are not recognised. Over WebSocket the same ones are spoken; with \`http\` alone, all of them. |
| \`tls\` | \`certFile\` and \`keyFile\`, in PEM form. With \`clientCaFile\`, clients must show a certificate signed by it; over AMQP they may then log in by SASL EXTERNAL, as the user whose name is the certificate's common name. |
| \`mqtt\`, \`stomp\`, \`amqp\` | What is different for clients of this listener; see below. |

### virtualHosts

Names of virtual hosts to create. \`/\` is always there, and those that permissions name are created too.

### users

Without users, \`guest\` with password \`guest\` and clients that do not log in may do everything, from the broker's
own machine, and only while every listener is bound to a loopback address. With users, only those listed here
may connect.

| Key | |
| --- | --- |
| \`name\` | The name to log in with. \`anonymous\`, without a password, stands for clients that do not log in. |
| \`password\` | Plain, or hashed as \`dragoman hash-password\` prints it; with \`--scram\` its user can log in by SCRAM-SHA-256 too. |
| \`loopbackOnly\` | \`true\` refuses the user from other machines. |
| \`permissions\` | A list; without it, everything in every virtual host is allowed. |

Clients of MQTT 5.0 can also log in by enhanced authentication (AUTH) with the method \`SCRAM-SHA-256\`, in which the
password never crosses the network, and prove themselves again while they are connected. It works for users whose
password is plain, or hashed with \`dragoman hash-password --scram\` (the form of RFC 5803, which PostgreSQL writes too);
those log in by password as well.

A permission names its \`virtualHost\` and says what may be done there: \`configure\` (create and delete), \`publish\`, and
\`subscribe\` (subscribe, consume, browse). Each is \`all\`, or lists of \`topics\`, \`queues\` and \`exchanges\`; what is left
out is not allowed. Topics are written as MQTT topic filters, whichever protocol the client speaks: \`+\` stands for one
level, a final \`#\` for any number. A subscription is allowed when every topic it selects is. In names of queues and
exchanges, \`*\` stands for any characters.
`;

function spell(standard: unknown): string {
  return Array.isArray(standard) || standard === false ? "" : String(standard);
}

function code(text: string): string {
  return text === "" ? "" : `\`${text}\``;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function wrap(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line !== "" && line.length + word.length + 1 > width) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines;
}
