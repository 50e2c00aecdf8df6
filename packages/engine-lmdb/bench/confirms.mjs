// How many durable messages a second are confirmed, with 1, 10 and 100 publishers, each with a window of
// unconfirmed messages. A consumer settles everything; removals ride in the same commits.
//
//   node packages/engine-lmdb/bench/confirms.mjs [seconds] [window] [sync|os]
import { Window } from "@dragoman/core";
import { cpuUs, fdatasyncMs, freshDirectory, makeMessage, open, removeDirectory } from "./harness.mjs";

const [seconds = "4", window = "100", durability = "sync"] = process.argv.slice(2);

async function measure(publishers, windowSize) {
  const directory = freshDirectory();
  const diskMs = fdatasyncMs(directory);
  const { broker, engine, client } = await open(directory, durability);
  await client.declareQueue("q", { durable: true, exclusive: false, autoDelete: false });
  consumeAll(client);
  const topic = client.vhost.topics.fromKey("q");
  let [confirmed, commits, isStopped] = [0, 0, false];
  const latencies = [];
  engine.onCommit(() => void commits++);
  for (let i = 0; i < publishers; i++) {
    let [due, isScheduled, startedMs] = [windowSize, false, 0];
    const accepted = () => {
      confirmed++;
      due++;
      if (windowSize === 1) latencies.push(performance.now() - startedMs);
      if (!isScheduled) setImmediate(publish);
      isScheduled = true;
    };
    const receipts = client.openReceipts({ accepted });
    const publish = () => {
      isScheduled = false;
      startedMs = performance.now();
      if (isStopped) return;
      for (; due > 0; due--) client.publish(makeMessage(client, topic, 0), receipts, 1);
    };
    publish();
  }
  await new Promise((resolve) => void setTimeout(resolve, 1_000));
  const before = { confirmed, commits, cpu: process.cpuUsage(), ms: performance.now() };
  latencies.length = 0;
  await new Promise((resolve) => void setTimeout(resolve, Number(seconds) * 1_000));
  const tookS = (performance.now() - before.ms) / 1_000;
  const count = confirmed - before.confirmed;
  const sorted = latencies.toSorted((a, b) => a - b);
  console.log({
    publishers,
    window: windowSize,
    durability,
    messagesPerS: Math.round(count / tookS),
    commitsPerS: Math.round((commits - before.commits) / tookS),
    cpuUsPerMessage: Number((cpuUs(before.cpu) / count).toFixed(2)),
    fdatasyncMs: Number(diskMs.toFixed(2)),
    latencyMs: sorted.length === 0 ? undefined : Number(sorted[sorted.length >> 1].toFixed(2)),
  });
  isStopped = true;
  await broker.close();
  removeDirectory(directory);
}

function consumeAll(client) {
  const arrived = [];
  const settle = () => {
    for (const delivery of arrived.splice(0)) delivery.settle("accepted");
  };
  const deliver = (delivery) => {
    if (arrived.push(delivery) === 1) setImmediate(settle);
  };
  const windows = [new Window(10_000)];
  const options = { tag: "c", autoSettle: false, exclusive: false, priority: 0, windows };
  client.consume("q", options, { deliver, cancelled: () => undefined });
}

await measure(1, 1);
for (const publishers of [1, 10, 100]) await measure(publishers, Number(window));
