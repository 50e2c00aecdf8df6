// A device that asks a question over MQTT 5 and waits for the answer: a response topic, and correlation data that
// the answer brings back unharmed, whatever bytes it has.

import { randomBytes } from "node:crypto";
import { connectAsync } from "mqtt";

const url = process.env.MQTT_URL ?? "mqtt://localhost:1883";
const vehicle = process.argv[2] ?? "1216";

const client = await connectAsync(url, { protocolVersion: 5 });
const responseTopic = `answers/${client.options.clientId}`;
const correlationData = randomBytes(8);
await client.subscribeAsync(responseTopic, { qos: 1 });

const answered = new Promise((resolve, reject) => {
  const timer = setTimeout(() => reject(new Error("no answer in 10 s: is the worker running?")), 10_000);
  client.on("message", (_topic, body, packet) => {
    if (!packet.properties?.correlationData?.equals(correlationData)) return;
    clearTimeout(timer);
    resolve(JSON.parse(body.toString()));
  });
});
await client.publishAsync("jobs/arrival", vehicle, {
  qos: 1,
  properties: { responseTopic, correlationData },
});

try {
  const answer = await answered;
  console.log(answer.text);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
await client.endAsync();
