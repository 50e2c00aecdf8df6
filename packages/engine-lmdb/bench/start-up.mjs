// How long a start takes with a million retained messages and 100,000 kept sessions, each with a queue.
//
//   node packages/engine-lmdb/bench/start-up.mjs [retained] [sessions]
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { freshDirectory, makeMessage, open, removeDirectory, residentMb } from "./harness.mjs";

const [retained = "1000000", sessions = "100000", directory] = process.argv.slice(2);
const holder = { takenOver: () => undefined };

if (directory === undefined) await both(freshDirectory());
else await fill();

/** Fills in a process of its own, so that only what the start takes is measured. */
async function both(place) {
  const child = fork(fileURLToPath(import.meta.url), [retained, sessions, place]);
  await new Promise((resolve) => void child.once("exit", resolve));
  const { broker, client, openMs } = await open(place);
  console.log({
    retained: client.vhost.retained.count,
    sessions: client.vhost.sessions.count,
    openMs: Math.round(openMs),
    residentMb: residentMb(),
  });
  await broker.close();
  removeDirectory(place);
}

async function fill() {
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
}
