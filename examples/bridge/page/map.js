// A plain drawn map: coast, parks and a few streets by hand, no tiles from anywhere.

const SVG = "http://www.w3.org/2000/svg";
const WEST = 24.866;
const EAST = 25.026;
const NORTH = 60.2135;
const SOUTH = 60.1405;
const WIDTH = 1000;
const HEIGHT = 917;

/** Shapes as [class, [latitude, longitude, …]]; the drawing order is the order here. */
const GROUND = [
  [
    "land",
    [
      60.23, 24.84, 60.23, 25.06, 60.21, 25.06, 60.2055, 25.04, 60.199, 25.033, 60.1955, 25.012, 60.1985,
      24.997, 60.2045, 24.9855, 60.2, 24.9815, 60.1945, 24.9835, 60.189, 24.9825, 60.1855, 24.9845, 60.1838,
      24.9765, 60.1815, 24.972, 60.1808, 24.9628, 60.1788, 24.9575, 60.1772, 24.9548, 60.1768, 24.9488,
      60.1752, 24.9535, 60.1735, 24.9592, 60.1702, 24.9622, 60.1692, 24.967, 60.1688, 24.9745, 60.1658,
      24.9748, 60.1652, 24.966, 60.1662, 24.9585, 60.1664, 24.9525, 60.1638, 24.9545, 60.1602, 24.959,
      60.1572, 24.9638, 60.1545, 24.961, 60.1532, 24.954, 60.1545, 24.9455, 60.1538, 24.9365, 60.1492, 24.931,
      60.1455, 24.926, 60.1462, 24.9195, 60.1528, 24.9215, 60.1588, 24.9252, 60.1618, 24.9268, 60.1602,
      24.9228, 60.1542, 24.9192, 60.1528, 24.9125, 60.1562, 24.9062, 60.1602, 24.9078, 60.1632, 24.9062,
      60.1662, 24.9118, 60.1702, 24.9068, 60.1752, 24.9052, 60.1782, 24.9112, 60.1808, 24.9165, 60.1842,
      24.9072, 60.1868, 24.9055, 60.1882, 24.8935, 60.1915, 24.8905, 60.1935, 24.8815, 60.1985, 24.873,
      60.2035, 24.86, 60.206, 24.84,
    ],
  ],
  ["island", [60.1905, 24.882, 60.1892, 24.8905, 60.1848, 24.8892, 60.1832, 24.8832, 60.1868, 24.8792]],
  [
    "island",
    [
      60.1692, 24.8722, 60.1662, 24.8872, 60.1622, 24.8952, 60.1562, 24.8902, 60.1492, 24.8782, 60.1532,
      24.8642, 60.1642, 24.8602,
    ],
  ],
  [
    "island",
    [
      60.1905, 24.9925, 60.1915, 25.0065, 60.1882, 25.0185, 60.1832, 25.0165, 60.1818, 25.0015, 60.1858,
      24.9905,
    ],
  ],
  ["island", [60.1782, 24.9815, 60.1772, 24.9912, 60.1738, 24.9922, 60.1728, 24.9845, 60.1752, 24.9792]],
  [
    "island",
    [
      60.1492, 24.981, 60.1498, 24.9885, 60.1468, 24.9935, 60.1432, 24.9912, 60.1422, 24.9832, 60.1458,
      24.9788,
    ],
  ],
  ["island", [60.1688, 25.0122, 60.1718, 25.0282, 60.1622, 25.0382, 60.1592, 25.0222, 60.1632, 25.0112]],
  ["island", [60.1592, 24.9822, 60.1598, 24.9878, 60.1572, 24.9892, 60.1562, 24.9838]],
  [
    "lake",
    [
      60.1808, 24.9348, 60.1832, 24.9372, 60.1815, 24.9398, 60.1778, 24.9432, 60.1758, 24.9428, 60.1762,
      24.9382,
    ],
  ],
  [
    "park",
    [
      60.214, 24.908, 60.214, 24.922, 60.2, 24.924, 60.1905, 24.9265, 60.1862, 24.9258, 60.1902, 24.9182,
      60.2012, 24.9142,
    ],
  ],
  ["park", [60.1598, 24.9525, 60.1592, 24.9588, 60.1562, 24.9612, 60.1548, 24.9552, 60.1562, 24.9502]],
  ["park", [60.1762, 24.9442, 60.1768, 24.9472, 60.1738, 24.9512, 60.1728, 24.9462]],
  ["park", [60.1892, 24.9412, 60.1912, 24.9492, 60.1878, 24.9482, 60.1862, 24.9412]],
  ["park", [60.2092, 24.9682, 60.2082, 24.9842, 60.2052, 24.9822, 60.2068, 24.9692]],
  ["park", [60.1698, 24.9098, 60.1742, 24.9078, 60.1748, 24.9148, 60.1708, 24.9168]],
];

const STREETS = [
  [
    60.1672, 24.9432, 60.1702, 24.9382, 60.1752, 24.9332, 60.1815, 24.9298, 60.1862, 24.9222, 60.1932,
    24.9052, 60.2012, 24.8942, 60.214, 24.884,
  ],
  [60.1792, 24.9518, 60.1874, 24.961, 60.1935, 24.965, 60.2062, 24.9732, 60.214, 24.979],
  [60.1874, 24.961, 60.1902, 24.9492, 60.1862, 24.9402, 60.1838, 24.9282, 60.1792, 24.9238],
  [60.1792, 24.9238, 60.1745, 24.9268, 60.1687, 24.9312, 60.1632, 24.9372, 60.1608, 24.9395],
  [60.1672, 24.9432, 60.1682, 24.9522],
  [60.1666, 24.9428, 60.1618, 24.9292],
  [60.1716, 24.9462, 60.1742, 24.9485, 60.1792, 24.9518],
  [60.1874, 24.961, 60.1968, 24.9502, 60.2068, 24.9442, 60.214, 24.944],
  [60.1815, 24.9298, 60.1905, 24.9342, 60.1986, 24.9338, 60.2065, 24.9302, 60.214, 24.933],
  [60.1632, 24.9062, 60.1642, 24.9182, 60.1662, 24.9292],
  [60.1672, 24.8722, 60.1592, 24.8802, 60.1622, 24.8912, 60.1642, 24.9062],
  [60.1608, 24.9395, 60.1632, 24.9452, 60.1672, 24.9432],
  [60.1558, 24.9505, 60.1612, 24.9502, 60.1662, 24.9502],
  [60.1968, 24.9502, 60.1968, 24.9632, 60.1935, 24.965],
  [60.1876, 24.9768, 60.1866, 25.0068, 60.1938, 25.0302, 60.199, 25.046],
  [60.1842, 24.9072, 60.1888, 24.9082, 60.1932, 24.9052, 60.1952, 24.9222, 60.1986, 24.9338],
];

const WATER_NAMES = [
  ["Seurasaarenselkä", 60.1757, 24.8905],
  ["Kruunuvuorenselkä", 60.1685, 25.0005],
  ["Suomenlahti", 60.1448, 24.953],
];

export class CityMap {
  #picked;
  #ground = group("ground");
  #tracks = group("tracks");
  #halts = group("halts");
  #vehicles = group("vehicles");
  #drawn = new Set();
  #markers = new Map();

  /** @param onPick called with a vehicle's name when it is clicked */
  constructor(svg, onPick) {
    svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    svg.setAttribute("preserveAspectRatio", "xMidYMid slice");
    svg.append(this.#ground, this.#tracks, this.#halts, this.#vehicles);
    for (const [kind, coordinates] of GROUND) this.#ground.append(area(kind, coordinates));
    for (const coordinates of STREETS) this.#ground.append(shape("polyline", "street", coordinates));
    for (const [name, lat, long] of WATER_NAMES) {
      const [x, y] = project(lat, long);
      this.#ground.append(element("text", { class: "water-name", x, y, "text-anchor": "middle" }, name));
    }
    this.#vehicles.addEventListener("click", ({ target }) => {
      const name = target.closest(".vehicle")?.dataset.name;
      if (name !== undefined) onPick(name);
    });
  }

  /** Draws a line's track and stops, once. */
  drawLine({ line, mode, stops }) {
    if (this.#drawn.has(line)) return;
    this.#drawn.add(line);
    const coordinates = stops.flatMap(([, lat, long]) => [lat, long]);
    this.#tracks.append(shape("polyline", `track ${mode}`, coordinates));
    for (const [name, lat, long] of stops) {
      if (name === "") continue;
      const [cx, cy] = project(lat, long);
      this.#halts.append(element("circle", { class: `halt ${mode}`, cx, cy, r: 4.5 }));
      if (this.#drawn.has(name)) continue;
      this.#drawn.add(name);
      this.#halts.append(element("text", { class: "name", x: cx + 9, y: cy - 7 }, name));
    }
  }

  /** Moves a vehicle's marker, and makes it when it is new. */
  place(name, { desi, mode, lat, long, hdg }) {
    const [x, y] = project(lat, long);
    let marker = this.#markers.get(name);
    if (marker === undefined) {
      marker = group(`vehicle ${mode}`);
      marker.dataset.name = name;
      marker.append(
        element("path", { class: "arrow", d: "M0,-23 L8,-11 L-8,-11 Z" }),
        element("rect", { class: "body", x: -15, y: -12, width: 30, height: 24, rx: 12 }),
        element("text", {}, desi),
      );
      this.#markers.set(name, marker);
      this.#vehicles.append(marker);
    }
    marker.style.transform = `translate(${x}px, ${y}px)`;
    marker.firstElementChild.style.transform = `rotate(${hdg}deg)`;
  }

  setOnline(name, isOnline) {
    this.#markers.get(name)?.classList.toggle("offline", !isOnline);
  }

  pick(name) {
    this.#markers.get(this.#picked)?.classList.remove("picked");
    this.#picked = name;
    const marker = this.#markers.get(name);
    marker?.classList.add("picked");
    if (marker !== undefined) this.#vehicles.append(marker);
  }
}

function project(lat, long) {
  const x = ((long - WEST) / (EAST - WEST)) * WIDTH;
  const y = ((NORTH - lat) / (NORTH - SOUTH)) * HEIGHT;
  return [Number(x.toFixed(1)), Number(y.toFixed(1))];
}

function shape(kind, className, coordinates) {
  const points = [];
  for (let at = 0; at < coordinates.length; at += 2)
    points.push(project(coordinates[at], coordinates[at + 1]));
  return element(kind, { class: className, points: points.map((point) => point.join(",")).join(" ") });
}

/** A closed shape whose corners are rounded: curves from the middle of each side to the middle of the next. */
function area(className, coordinates) {
  const corners = [];
  for (let at = 0; at < coordinates.length; at += 2) {
    corners.push(project(coordinates[at], coordinates[at + 1]));
  }
  const start = middle(corners.at(-1), corners[0]);
  const curves = corners.map((corner, at) => {
    const next = corners[(at + 1) % corners.length];
    return `Q${corner.join(",")} ${middle(corner, next)}`;
  });
  return element("path", { class: className, d: `M${start} ${curves.join(" ")} Z` });
}

function middle([x, y], [otherX, otherY]) {
  return `${(x + otherX) / 2},${(y + otherY) / 2}`;
}

function group(className) {
  return element("g", { class: className });
}

function element(kind, attributes, text = "") {
  const made = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.textContent = text;
  return made;
}
