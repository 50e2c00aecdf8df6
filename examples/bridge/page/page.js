// The page: it listens to vehicles over STOMP on WebSocket, and asks a worker about one of them.

import { CityMap } from "./map.js";

const vehicles = new Map();
const map = new CityMap(document.querySelector("#map"), ask);
const list = document.querySelector("#vehicles");
const connection = document.querySelector("#connection");
let messages = 0;

const { stompUrl } = await (await fetch("/settings.json")).json();
const client = new globalThis.StompJs.Client({
  brokerURL: stompUrl,
  reconnectDelay: 1000,
  heartbeatIncoming: 5000,
  heartbeatOutgoing: 5000,
  onConnect: () => {
    show("live", "live");
    // The path is MQTT's topic filter; a leading slash belongs to it.
    client.subscribe("/topic//hfp/v2/journey/ongoing/vp/#", ({ body }) => moved(JSON.parse(body).VP));
    client.subscribe("/topic/city/lines/+", ({ body }) => map.drawLine(JSON.parse(body)));
    client.subscribe("/topic/city/vehicles/+", ({ headers, body }) => {
      setOnline(headers.destination.split("/").at(-1), body === "online");
    });
  },
  // Answers to /temp-queue/… come without a subscription.
  onUnhandledMessage: ({ headers, body }) => answered(headers["correlation-id"], JSON.parse(body)),
  onWebSocketClose: () => show("lost", "connection lost, trying again"),
});
client.activate();

setInterval(() => {
  document.querySelector("#rate").textContent = messages;
  messages = 0;
}, 1000);

function moved(position) {
  messages++;
  const name = `${position.mode}-${position.veh}`;
  let vehicle = vehicles.get(name);
  if (vehicle === undefined) {
    vehicle = { ...row(position.mode, name), isOnline: true };
    vehicles.set(name, vehicle);
    document.querySelector("#vehicle-count").textContent = vehicles.size;
    sortList();
  }
  map.place(name, position);
  vehicle.line.textContent = position.desi;
  vehicle.headsign.textContent = position.headsign;
  vehicle.speed.textContent = `${Math.round(position.spd * 3.6)} km/h`;
  vehicle.stop.textContent = `next stop ${position.stop}`;
}

/** Said by the vehicle, or in its last will by the broker. */
function setOnline(name, isOnline) {
  vehicles.get(name)?.item.classList.toggle("offline", !isOnline);
  map.setOnline(name, isOnline);
}

function ask(name) {
  for (const [other, { button }] of vehicles) button.setAttribute("aria-pressed", String(other === name));
  map.pick(name);
  const { answer, item } = vehicles.get(name);
  item.scrollIntoView({ block: "nearest" });
  if (!client.connected) return;
  answer.textContent = "asking the worker …";
  client.publish({
    destination: "/topic/jobs/arrival",
    headers: { "reply-to": "/temp-queue/answers", "correlation-id": name },
    body: name.split("-")[1],
  });
}

function answered(name, { stop, seconds, text }) {
  const vehicle = vehicles.get(name);
  if (vehicle !== undefined) vehicle.answer.textContent = stop ? `reaches ${stop} in ${seconds} s` : text;
}

function row(mode, name) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  const [line, headsign, speed, stop, answer] = ["line", "headsign", "speed", "stop", "answer"].map(
    (part) => {
      const span = document.createElement("span");
      span.className = part;
      return span;
    },
  );
  item.className = mode;
  item.dataset.name = name;
  button.type = "button";
  button.append(line, headsign, speed, stop, answer);
  button.addEventListener("click", () => ask(name));
  item.append(button);
  return { item, button, line, headsign, speed, stop, answer };
}

function sortList() {
  const byName = [...vehicles].toSorted(([a], [b]) => a.localeCompare(b, "en", { numeric: true }));
  list.replaceChildren(...byName.map(([, { item }]) => item));
}

function show(state, text) {
  connection.dataset.state = state;
  connection.textContent = text;
}
