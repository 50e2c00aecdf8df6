// Vehicles that say over MQTT where they are, each with a connection of its own, in the topics that Helsinki's
// transport uses: /hfp/v2/journey/ongoing/vp/<mode>/<operator>/<vehicle>/<line>/<direction>/…

import { connectAsync } from "mqtt";
import { LINES } from "./network.js";
import { Trip } from "./trip.js";

const url = process.env.MQTT_URL ?? "mqtt://localhost:1883";
const intervalMs = Number(process.env.INTERVAL_MS ?? 1000);

const clients = [];
for (const line of LINES) {
  // The last message of a retained topic waits for whoever subscribes later, over any protocol.
  const { line: name, mode, stops } = line;
  for (const [at, vehicle] of line.vehicles.entries()) {
    const client = await startVehicle(line, vehicle, at / line.vehicles.length);
    if (at === 0) {
      await client.publishAsync(`city/lines/${name}`, JSON.stringify({ line: name, mode, stops }), {
        qos: 1,
        retain: true,
      });
    }
    clients.push(client);
  }
}
console.log(`${clients.length} vehicles on their way, over MQTT at ${url}`);

async function startVehicle(line, vehicle, startAt) {
  const state = `city/vehicles/${line.mode}-${vehicle}`;
  const client = await connectAsync(url, {
    protocolVersion: 5,
    clientId: `${line.mode}-${vehicle}`,
    // Published by the broker if this vehicle vanishes without a word.
    will: { topic: state, payload: "offline", qos: 1, retain: true },
  });
  client.on("error", (error) => console.error(`${line.mode} ${vehicle}: ${error.message}`));
  client.on("connect", () => client.publish(state, "online", { qos: 1, retain: true }));
  client.publish(state, "online", { qos: 1, retain: true });

  const trip = new Trip(line, startAt);
  setInterval(() => {
    const position = trip.advance(intervalMs / 1000);
    if (client.connected)
      client.publish(topicOf(line, vehicle, position), payloadOf(line, vehicle, position));
  }, intervalMs);
  return client;
}

/** A leading slash, a colon, a semicolon: topics as they are in the field. */
function topicOf({ mode, operator, line }, vehicle, { lat, long, direction, headsign, nextStop, start }) {
  const ids = [String(operator).padStart(4, "0"), String(vehicle).padStart(5, "0"), line, direction];
  const latDigits = lat.toFixed(4).split(".");
  const longDigits = long.toFixed(4).split(".");
  const square = [0, 1, 2].map((at) => `${latDigits[1][at]}${longDigits[1][at]}`).join("/");
  return `/hfp/v2/journey/ongoing/vp/${mode}/${ids.join("/")}/${headsign}/${start}/${nextStop}/4/${latDigits[0]};${longDigits[0]}/${square}`;
}

function payloadOf(
  { line, mode, operator },
  vehicle,
  { lat, long, heading: hdg, speed, direction, headsign, nextStop },
) {
  return JSON.stringify({
    VP: {
      desi: line,
      mode,
      dir: String(direction),
      oper: operator,
      veh: vehicle,
      tst: new Date().toISOString(),
      spd: speed,
      hdg,
      lat: Number(lat.toFixed(6)),
      long: Number(long.toFixed(6)),
      headsign,
      stop: nextStop,
    },
  });
}
