// A worker that speaks AMQP only. It takes jobs from a queue and answers each where the asker wants the answer:
// the asker may use MQTT 5, STOMP or AMQP, the worker need not know.

import { setTimeout } from "node:timers/promises";
import { connect } from "amqplib";
import { distance, LINES } from "./network.js";

const url = process.env.AMQP_URL ?? "amqp://localhost:5672";

// Where each vehicle was last seen, by its number.
const positions = new Map();

while (true) {
  try {
    await work();
  } catch (error) {
    console.error(`no connection to ${url}: ${error.message}`);
  }
  await setTimeout(1000);
}

/** Takes jobs until the connection ends. */
async function work() {
  const connection = await connect(url);
  const ended = new Promise((resolve) => connection.once("close", resolve));
  connection.on("error", (error) => console.error(error.message));
  const channel = await connection.createChannel();

  // What vehicles publish to /hfp/v2/… over MQTT has the routing key .hfp.v2.… here: amq.topic is the topic space.
  const { queue: stream } = await channel.assertQueue("", { exclusive: true });
  await channel.bindQueue(stream, "amq.topic", ".hfp.v2.journey.ongoing.vp.#");
  await channel.consume(
    stream,
    (message) => {
      const { VP } = JSON.parse(message.content.toString());
      positions.set(String(VP.veh), VP);
    },
    { noAck: true },
  );

  // Jobs wait in a durable queue, also while no worker runs. Several workers would share them.
  await channel.assertQueue("jobs", { durable: true });
  await channel.bindQueue("jobs", "amq.topic", "jobs.#");
  await channel.prefetch(10);
  await channel.consume("jobs", (message) => {
    const { replyTo, correlationId } = message.properties;
    const answer = arrival(message.content.toString());
    if (replyTo !== undefined) {
      const body = Buffer.from(JSON.stringify(answer));
      channel.sendToQueue(replyTo, body, { correlationId, contentType: "application/json" });
    }
    channel.ack(message);
    console.log(`${message.fields.routingKey} "${message.content.toString()}": ${answer.text}`);
  });
  console.log(`waiting for jobs, over AMQP at ${url}`);
  await ended;
}

/** When the vehicle reaches its next stop. */
function arrival(vehicle) {
  const position = positions.get(vehicle);
  if (position === undefined) return { vehicle, text: `no vehicle ${vehicle} has been seen` };
  const { stops, metresPerSecond } = LINES.find(({ line }) => line === position.desi);
  const [, lat, long] = stops.find(([name]) => name === position.stop);
  const seconds = Math.round(distance(position.lat, position.long, lat, long) / metresPerSecond);
  const { desi: line, headsign, stop } = position;
  return {
    vehicle,
    line,
    headsign,
    stop,
    seconds,
    text: `line ${line} to ${headsign} reaches ${stop} in ${seconds} s`,
  };
}
