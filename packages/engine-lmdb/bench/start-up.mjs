// How long a start takes with a million retained messages and 100,000 kept sessions, each with a queue.
//
//   node packages/engine-lmdb/bench/start-up.mjs [retained] [sessions]
import { freshDirectory, makeMessage, open, removeDirectory, residentMb } from "./harness.mjs";

const [retained = "1000000", sessions = "100000"] = process.argv.slice(2);
const directory = freshDirectory();
const holder = { takenOver: () => undefined };

const { broker, client } = await open(directory);
const { vhost } = client;
for (let i = 0; i < Number(retained); i++) {
  const topic = vhost.topics.fromPath(`building/${i % 1_000}/sensor/${i}`);
  vhost.publish(makeMessage(client, topic, i, { exchange: "amq.topic", retain: true }));
  if (i % 10_000 === 0) await vhost.durable();
}
for (let i = 0; i < Number(sessions); i++) {
  const { session } = vhost.sessions.open(`device-${i}`, holder, { resume: true, expiryMs: Infinity });
  const options = { durable: true, exclusive: false, autoDelete: false };
  session.queue = vhost.topology.declareQueue(`mqtt.device-${i}`, options, undefined);
  vhost.sessions.save(session);
  if (i % 10_000 === 0) await vhost.durable();
}
await broker.close();
const filledMb = residentMb();
const again = await open(directory);
console.log({
  retained: again.client.vhost.retained.count,
  sessions: again.client.vhost.sessions.count,
  openMs: Math.round(again.openMs),
  filledMb,
});
await again.broker.close();
removeDirectory(directory);
