import { distance, heading } from "./network.js";

/** A vehicle's way along its line, there and back again. */
export class Trip {
  #line;
  #stops;
  #leg;
  #metres = 0;
  #direction = 1;
  #pauseSeconds = 0;
  #start = new Date().toTimeString().slice(0, 5);

  constructor(line, startAt) {
    this.#line = line;
    this.#stops = line.stops;
    this.#leg = Math.floor(startAt * (line.stops.length - 1));
  }

  advance(seconds) {
    const isStopped = this.#pauseSeconds > 0;
    if (isStopped) this.#pauseSeconds -= seconds;
    else this.#metres += this.#line.metresPerSecond * seconds * (0.85 + Math.random() * 0.3);
    while (this.#metres >= this.#legLength()) {
      this.#metres -= this.#legLength();
      this.#leg++;
      if (this.#stops[this.#leg][0] !== "") {
        this.#metres = 0;
        this.#pauseSeconds = 3;
      }
      if (this.#leg === this.#stops.length - 1) this.#turn();
    }
    const [, fromLat, fromLong] = this.#stops[this.#leg];
    const [, toLat, toLong] = this.#stops[this.#leg + 1];
    const part = this.#metres / this.#legLength();
    return {
      lat: fromLat + (toLat - fromLat) * part,
      long: fromLong + (toLong - fromLong) * part,
      heading: heading(fromLat, fromLong, toLat, toLong),
      speed: isStopped ? 0 : this.#line.metresPerSecond,
      direction: this.#direction,
      headsign: this.#stops.at(-1)[0],
      nextStop: this.#stops.slice(this.#leg + 1).find(([name]) => name !== "")[0],
      start: this.#start,
    };
  }

  #legLength() {
    const [, fromLat, fromLong] = this.#stops[this.#leg];
    const [, toLat, toLong] = this.#stops[this.#leg + 1];
    return distance(fromLat, fromLong, toLat, toLong);
  }

  #turn() {
    this.#stops = this.#stops.toReversed();
    this.#leg = 0;
    this.#metres = 0;
    this.#direction = 3 - this.#direction;
    this.#start = new Date().toTimeString().slice(0, 5);
  }
}
