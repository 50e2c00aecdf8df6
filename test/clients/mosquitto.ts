import { Child } from "./child.ts";
import { textBytes } from "./bytes-text.ts";
import { Inbox } from "./inbox.ts";
import type { MqttArrival, MqttFields } from "./mqtt-js.ts";

export type MosquittoVersion = "3.1.1" | "5";

function place(url: string, version: MosquittoVersion): string[] {
  const { hostname, port } = new URL(url);
  return ["-h", hostname, "-p", port, "-V", version === "5" ? "mqttv5" : "mqttv311"];
}

function propertyArguments(fields: MqttFields): string[] {
  const given: [string, string | number | undefined][] = [
    ["content-type", fields.contentType],
    ["response-topic", fields.responseTopic],
    ["message-expiry-interval", fields.messageExpiryInterval],
    ["payload-format-indicator", fields.payloadFormatIndicator === true ? 1 : undefined],
    ["correlation-data", fields.correlationData && textBytes(fields.correlationData).toString()],
  ];
  const named = given.flatMap(([name, value]) =>
    value === undefined ? [] : ["-D", "publish", name, String(value)],
  );
  const user = Object.entries(fields.userProperties ?? {}).flatMap(([name, values]) =>
    [values].flat().flatMap((value) => ["-D", "publish", "user-property", name, value]),
  );
  return [...named, ...user];
}

/** Publishes one message with `mosquitto_pub`; resolves when the program has ended well. */
export async function mosquittoPublish(
  url: string,
  version: MosquittoVersion,
  topic: string,
  body: string | Buffer,
  fields: MqttFields = {},
): Promise<void> {
  const args = [...place(url, version), "-t", topic, "-q", String(fields.qos ?? 0), "-s"];
  if (fields.retain === true) args.push("-r");
  if (version === "5") args.push(...propertyArguments(fields));
  await new Child("mosquitto_pub", args).finish(body);
}

/** What `mosquitto_sub` prints with `-F %J`. */
interface Printed {
  readonly topic: string;
  readonly qos: 0 | 1 | 2;
  readonly retain: number;
  readonly payload: unknown;
  readonly properties?: Readonly<Record<string, unknown>>;
}

function isPrinted(value: unknown): value is Printed {
  return typeof value === "object" && value !== null && "topic" in value && "payload" in value;
}

/** A running `mosquitto_sub`. */
export class MosquittoSubscriber {
  readonly arrivals: Inbox<MqttArrival & { readonly properties: Readonly<Record<string, unknown>> }>;
  readonly #child: Child;

  /** Resolves when the broker has granted the subscription. */
  static async start(
    url: string,
    version: MosquittoVersion,
    filter: string,
    qos = 1,
  ): Promise<MosquittoSubscriber> {
    const args = [...place(url, version), "-t", filter, "-q", String(qos), "-d", "-F", "%j"];
    // Unbuffered, as a terminal would have it.
    const child = new Child("stdbuf", ["-oL", "mosquitto_sub", ...args]);
    const subscriber = new MosquittoSubscriber(filter, child);
    await child.lines.next((line) => line.startsWith("Subscribed"));
    return subscriber;
  }

  private constructor(filter: string, child: Child) {
    this.#child = child;
    this.arrivals = new Inbox(`mosquitto_sub ${filter}`);
    child.each(
      (line) => {
        if (!line.startsWith("{")) return;
        const printed: unknown = JSON.parse(line);
        if (!isPrinted(printed)) return;
        const { topic, qos, retain, payload, properties = {} } = printed;
        this.arrivals.push({ topic, qos, retain: retain === 1, body: String(payload), properties });
      },
      (reason) => {
        this.arrivals.end(reason);
      },
    );
  }

  async close(): Promise<void> {
    await this.#child.stop();
  }
}
