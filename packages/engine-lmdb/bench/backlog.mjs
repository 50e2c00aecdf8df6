// Fills a queue with messages of 256 bytes while nobody consumes, ends without closing, opens the file
// again, and reads everything back in order.
//
//   node packages/engine-lmdb/bench/backlog.mjs [messages]
import { fork } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Window } from "@dragoman/core";
import { cpuUs, freshDirectory, makeMessage, open, removeDirectory, residentMb } from "./harness.mjs";

const MOST_UNCONFIRMED = 10_000;
const [phase = "2000000", directory = "", count = "0"] = process.argv.slice(2);

if (phase === "fill") await fill(Number(count));
else if (phase === "drain") await drain(Number(count));
else await both(phase);

async function both(messages) {
  const place = freshDirectory();
  for (const each of ["fill", "drain"]) {
    const child = fork(fileURLToPath(import.meta.url), [each, place, messages]);
    await new Promise((resolve) => void child.once("exit", resolve));
  }
  removeDirectory(place);
}

async function fill(messages) {
  const { client } = await open(directory);
  await client.declareQueue("q", { durable: true, exclusive: false, autoDelete: false });
  const topic = client.vhost.topics.fromKey("q");
  const report = begin("fill", messages);
  let [sent, confirmed, isScheduled] = [0, 0, true];
  await new Promise((resolve) => {
    const receipts = client.openReceipts({
      accepted() {
        if (++confirmed === messages) resolve();
        else if (!isScheduled) setImmediate(publish);
        isScheduled = true;
      },
    });
    const publish = () => {
      isScheduled = false;
      for (let i = 0; i < 1_000 && sent < messages && sent - confirmed < MOST_UNCONFIRMED; i++) {
        client.publish(makeMessage(client, topic, sent++), receipts, 1);
      }
      if (sent < messages && sent - confirmed < MOST_UNCONFIRMED) setImmediate(publish);
    };
    publish();
  });
  report();
  process.kill(process.pid, "SIGKILL");
}

async function drain(messages) {
  const { client, broker, openMs } = await open(directory);
  console.log({ phase: "open", ms: Math.round(openMs), messages: client.queue("q").messageCount });
  const report = begin("drain", messages);
  const arrived = [];
  let [next, disordered] = [0, 0];
  await new Promise((resolve) => {
    const settle = () => {
      for (const delivery of arrived.splice(0)) delivery.settle("accepted");
      if (next === messages) resolve();
    };
    const deliver = (delivery) => {
      if (delivery.message.body.readUInt32BE(0) !== next++) disordered++;
      if (arrived.push(delivery) === 1) setImmediate(settle);
    };
    const windows = [new Window(1_000)];
    const options = { tag: "c", autoSettle: false, exclusive: false, priority: 0, windows };
    client.consume("q", options, { deliver, cancelled: () => undefined });
  });
  report({ disordered });
  await broker.close();
}

/** Returns a function that prints what happened since. */
function begin(name, messages) {
  const [startedMs, cpu] = [performance.now(), process.cpuUsage()];
  let peakMb = 0;
  const timer = setInterval(() => void (peakMb = Math.max(peakMb, residentMb())), 20);
  return (more = {}) => {
    clearInterval(timer);
    const tookS = (performance.now() - startedMs) / 1_000;
    console.log({
      phase: name,
      seconds: Number(tookS.toFixed(2)),
      messagesPerS: Math.round(messages / tookS),
      cpuUsPerMessage: Number((cpuUs(cpu) / messages).toFixed(2)),
      peakMb,
      fileMb: Math.round(statSync(join(directory, "dragoman.mdb")).size / 2 ** 20),
      ...more,
    });
  };
}
