import { z } from "zod";
import { isWellFormed } from "../access/password.ts";
import { isTopicFilter } from "../access/topic-permission.ts";
import { ANONYMOUS, type Access, type PermissionSpec, type UserSpec } from "../access/user.ts";
import { type ListenerSpec, type PartialConfiguration, SPOKEN, type TlsSpec } from "./configuration.ts";
import { AMQP_SETTINGS } from "./amqp-section.ts";
import { MQTT_SETTINGS } from "./mqtt-section.ts";
import { sectionSchema } from "./section.ts";
import { SETTINGS } from "./settings.ts";
import { STOMP_SETTINGS } from "./stomp-section.ts";

const name = (what: string): z.ZodString => z.string({ error: what }).min(1, what);
const names = (what: string): z.ZodType<readonly string[]> =>
  z.array(name(what), { error: `a list of: ${what}` });

const tls: z.ZodType<TlsSpec> = z.strictObject(
  {
    certFile: name("a file in PEM form"),
    keyFile: name("a file in PEM form"),
    clientCaFile: name("a file in PEM form").optional(),
  },
  { error: "certFile and keyFile" },
);

const sections = {
  mqtt: sectionSchema(MQTT_SETTINGS).optional(),
  stomp: sectionSchema(STOMP_SETTINGS).optional(),
  amqp: sectionSchema(AMQP_SETTINGS).optional(),
};

const spoken = z.enum(SPOKEN, { error: `one of ${SPOKEN.join(", ")}` });
const portNumber = "a port from 0 to 65535 (0 picks a free one)";

const listener: z.ZodType<ListenerSpec> = z.strictObject(
  {
    port: z.int({ error: portNumber }).min(0, portNumber).max(65_535, portNumber),
    host: SETTINGS.host.form.schema.optional(),
    protocols: z.array(spoken, { error: "a list of protocols" }).min(1, "one protocol at least").optional(),
    tls: tls.optional(),
    ...sections,
  },
  { error: "a listener: port, and if wanted host, protocols and tls" },
);

const listeners = z.array(listener, { error: "a list of listeners" }).superRefine((list, context) => {
  for (const [at, { host, port }] of list.entries()) {
    const first = list.findIndex((other) => other.port === port && other.host === host);
    if (port === 0 || first === at) continue;
    const message = `another port or host: listeners[${first}] has this one`;
    context.addIssue({ code: "custom", path: [at, "port"], message });
  }
});

const filter = "a topic filter such as hfp/+/bus/#, with # in last place only";
const access: z.ZodType<Access> = z.strictObject(
  {
    topics: z
      .array(name(filter).refine(isTopicFilter, filter), { error: "a list of topic filters" })
      .optional(),
    queues: names("a name, * for any characters").optional(),
    exchanges: z.array(z.string({ error: "a name" }), { error: "a list of names" }).optional(),
  },
  { error: "all, or lists named topics, queues and exchanges" },
);
const accessOrAll = z.union([z.literal("all"), access], {
  error: "all, or lists named topics, queues and exchanges",
});

const permission: z.ZodType<PermissionSpec> = z.strictObject(
  {
    virtualHost: name("the name of a virtual host, such as /"),
    configure: accessOrAll.optional(),
    publish: accessOrAll.optional(),
    subscribe: accessOrAll.optional(),
  },
  { error: "a permission: virtualHost, and any of configure, publish and subscribe" },
);

const user: z.ZodType<UserSpec> = z
  .strictObject(
    {
      name: name("the name to log in with"),
      password: z
        .string({ error: "a text; put it in quotes" })
        .refine(isWellFormed, "a hash as 'dragoman hash-password' prints it, or a plain password")
        .optional(),
      loopbackOnly: z.boolean({ error: "true or false" }).optional(),
      permissions: z.array(permission, { error: "a list of permissions" }).optional(),
    },
    { error: "a user: name, password, and if wanted permissions and loopbackOnly" },
  )
  .refine((spec) => spec.name === ANONYMOUS || spec.password !== undefined, {
    error: "a password: only the user 'anonymous' has none",
    path: ["password"],
  });

const users = z.array(user, { error: "a list of users" }).superRefine((list, context) => {
  for (const [at, { name: userName }] of list.entries()) {
    if (list.findIndex((other) => other.name === userName) === at) continue;
    context.addIssue({
      code: "custom",
      path: [at, "name"],
      message: "another name: this user is listed twice",
    });
  }
});

/** What a configuration file may hold. Messages say what would be good. */
export const fileSchema: z.ZodType<PartialConfiguration> = z.strictObject(
  {
    host: SETTINGS.host.form.schema.optional(),
    mqttPort: SETTINGS.mqttPort.form.schema.optional(),
    stompPort: SETTINGS.stompPort.form.schema.optional(),
    amqpPort: SETTINGS.amqpPort.form.schema.optional(),
    httpPort: SETTINGS.httpPort.form.schema.optional(),
    dataDir: SETTINGS.dataDir.form.schema.optional(),
    ephemeral: SETTINGS.ephemeral.form.schema.optional(),
    durability: SETTINGS.durability.form.schema.optional(),
    memoryPercent: SETTINGS.memoryPercent.form.schema.optional(),
    minFreeDiskBytes: SETTINGS.minFreeDiskBytes.form.schema.optional(),
    logLevel: SETTINGS.logLevel.form.schema.optional(),
    maxConnections: SETTINGS.maxConnections.form.schema.optional(),
    maxMessageBytes: SETTINGS.maxMessageBytes.form.schema.optional(),
    introductionTimeoutMs: SETTINGS.introductionTimeoutMs.form.schema.optional(),
    shutdownTimeoutMs: SETTINGS.shutdownTimeoutMs.form.schema.optional(),
    allowedOrigins: SETTINGS.allowedOrigins.form.schema.optional(),
    listeners: listeners.optional(),
    ...sections,
    virtualHosts: names("the name of a virtual host").optional(),
    users: users.optional(),
  },
  { error: "keys and values, such as mqttPort: 1883" },
);

const SPOKEN_SECTIONS = Object.keys(sections);

/** The keys that may stand in the map at this path, as far as they are known. */
export function keysAt(path: readonly PropertyKey[]): readonly string[] {
  if (path.length === 0)
    return [...Object.keys(SETTINGS), "listeners", "virtualHosts", "users", ...SPOKEN_SECTIONS];
  const last = path.at(-1);
  if (last === "mqtt") return Object.keys(MQTT_SETTINGS);
  if (last === "stomp") return Object.keys(STOMP_SETTINGS);
  if (last === "amqp") return Object.keys(AMQP_SETTINGS);
  return path[0] === "listeners" && path.length === 2
    ? ["port", "host", "protocols", "tls", ...SPOKEN_SECTIONS]
    : [];
}
