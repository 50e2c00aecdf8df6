// A little public transport for the example: lines through Helsinki, drawn by hand and much simplified.

/** Stops in order, as [name, latitude, longitude]. A stop without a name only bends the line. */
export const LINES = [
  {
    line: "55",
    mode: "bus",
    operator: 55,
    vehicles: [1216, 1217, 1221],
    metresPerSecond: 14,
    stops: [
      ["Rautatientori", 60.1716, 24.9462],
      ["", 60.1742, 24.9485],
      ["Hakaniemi", 60.1792, 24.9518],
      ["", 60.184, 24.9562],
      ["Sörnäinen", 60.1874, 24.961],
      ["", 60.1935, 24.965],
      ["Vallila", 60.1968, 24.9632],
      ["Arabia", 60.2062, 24.9732],
      ["Malmi", 60.2118, 24.9778],
    ],
  },
  {
    line: "24",
    mode: "bus",
    operator: 22,
    vehicles: [866, 871],
    metresPerSecond: 11,
    stops: [
      ["Seurasaari", 60.1872, 24.8995],
      ["", 60.1838, 24.9125],
      ["Töölöntori", 60.1792, 24.9238],
      ["", 60.1745, 24.9268],
      ["Kamppi", 60.1687, 24.9312],
      ["", 60.165, 24.9352],
      ["Viiskulma", 60.1608, 24.9395],
      ["Eira", 60.1566, 24.9402],
      ["Merikatu", 60.1558, 24.9505],
    ],
  },
  {
    line: "4",
    mode: "tram",
    operator: 40,
    vehicles: [418, 423, 431],
    metresPerSecond: 9,
    stops: [
      ["Katajanokka", 60.1672, 24.9712],
      ["", 60.1682, 24.9602],
      ["Senaatintori", 60.1692, 24.9528],
      ["", 60.1702, 24.9382],
      ["", 60.1752, 24.9332],
      ["Ooppera", 60.1815, 24.9298],
      ["Meilahti", 60.1885, 24.9092],
      ["", 60.1925, 24.8985],
      ["Munkkiniemi", 60.1982, 24.8835],
    ],
  },
  {
    line: "9",
    mode: "tram",
    operator: 40,
    vehicles: [451, 457],
    metresPerSecond: 9,
    stops: [
      ["Pasila", 60.1986, 24.9338],
      ["", 60.1958, 24.9425],
      ["Kallio", 60.1845, 24.9495],
      ["Hakaniemi", 60.1788, 24.9498],
      ["Rautatientori", 60.1708, 24.9432],
      ["", 60.1668, 24.9352],
      ["", 60.1632, 24.9282],
      ["Länsisatama", 60.1572, 24.9168],
    ],
  },
  {
    line: "M1",
    mode: "metro",
    operator: 50,
    vehicles: [301, 304],
    metresPerSecond: 22,
    stops: [
      ["Ruoholahti", 60.1634, 24.9148],
      ["Kamppi", 60.1682, 24.9308],
      ["Rautatientori", 60.1706, 24.9442],
      ["Hakaniemi", 60.1796, 24.9528],
      ["Sörnäinen", 60.1868, 24.962],
      ["Kalasatama", 60.1876, 24.9768],
      ["Kulosaari", 60.1866, 25.0068],
    ],
  },
  {
    line: "19",
    mode: "ferry",
    operator: 60,
    vehicles: [1],
    metresPerSecond: 8,
    stops: [
      ["Kauppatori", 60.1664, 24.9548],
      ["", 60.1622, 24.9678],
      ["", 60.1545, 24.979],
      ["Suomenlinna", 60.1478, 24.9842],
    ],
  },
];

const METRES_PER_DEGREE = 111_200;
const CROSSWISE = Math.cos((60.175 * Math.PI) / 180);

/** Metres between two places that are not far apart. */
export function distance(latA, longA, latB, longB) {
  return Math.hypot(latB - latA, (longB - longA) * CROSSWISE) * METRES_PER_DEGREE;
}

/** Degrees clockwise from north. */
export function heading(latA, longA, latB, longB) {
  const degrees = (Math.atan2((longB - longA) * CROSSWISE, latB - latA) * 180) / Math.PI;
  return Math.round((degrees + 360) % 360);
}
