/** One topic in all spellings: mapping.md §3.2. */
export interface Spelling {
  readonly mqtt: string;
  readonly key: string;
  /** Destinations; dot style has no slash after `/topic/`. */
  readonly dot: string;
  /** Undefined for a topic of one level, which has no slash. */
  readonly slash: string | undefined;
}

/** The example table, and what it implies. */
export const SPELLINGS: readonly Spelling[] = [
  { mqtt: "cities/london", key: "cities.london", dot: "/topic/cities.london", slash: "/topic/cities/london" },
  {
    mqtt: "spBv1.0/g/NDATA",
    key: "spBv1/0.g.NDATA",
    dot: "/topic/spBv1%2E0.g.NDATA",
    slash: "/topic/spBv1.0/g/NDATA",
  },
  { mqtt: "/a//b/", key: ".a..b.", dot: "/topic/.a..b.", slash: "/topic//a//b/" },
  { mqtt: "a.b/c", key: "a/b.c", dot: "/topic/a%2Eb.c", slash: "/topic/a.b/c" },
  { mqtt: "x/*", key: "x.*", dot: "/topic/x.%2A", slash: "/topic/x/%2A" },
  { mqtt: "x/>", key: "x.>", dot: "/topic/x.%3E", slash: "/topic/x/%3E" },
  { mqtt: "a.b", key: "a/b", dot: "/topic/a%2Eb", slash: undefined },
  { mqtt: "one", key: "one", dot: "/topic/one", slash: undefined },
  { mqtt: "50%/of it", key: "50%.of it", dot: "/topic/50%25.of it", slash: "/topic/50%25/of it" },
  { mqtt: "größe/東京", key: "größe.東京", dot: "/topic/größe.東京", slash: "/topic/größe/東京" },
  {
    mqtt: "/hfp/v2/journey/ongoing/vp/bus/0055/01216/1069/1/Malmi/7:20/1130106/2/60;24/19/73/44",
    key: ".hfp.v2.journey.ongoing.vp.bus.0055.01216.1069.1.Malmi.7:20.1130106.2.60;24.19.73.44",
    dot: "/topic/.hfp.v2.journey.ongoing.vp.bus.0055.01216.1069.1.Malmi.7:20.1130106.2.60;24.19.73.44",
    slash: "/topic//hfp/v2/journey/ongoing/vp/bus/0055/01216/1069/1/Malmi/7:20/1130106/2/60;24/19/73/44",
  },
];

/** A topic that MQTT cannot name, as it reaches MQTT. */
export const UNNAMEABLE: readonly { readonly key: string; readonly dot: string; readonly mqtt: string }[] = [
  { key: "q.1+1", dot: "/topic/q.1+1", mqtt: "q/1%2B1" },
  { key: "q.#1", dot: "/topic/q.#1", mqtt: "q/%231" },
  { key: "q.a\0b", dot: "/topic/q.a%00b", mqtt: "q/a%00b" },
  { key: "q.+", dot: "/topic/q.%2B", mqtt: "q/%2B" },
  { key: "q.#", dot: "/topic/q.%23", mqtt: "q/%23" },
];

/** A pattern as one protocol's subscriber writes it, and what it selects. */
export interface Matching {
  readonly by: "mqtt5" | "stomp1.2" | "amqp";
  readonly pattern: string;
  /** Topics in MQTT's spelling. The last one of `matches` is sent last. */
  readonly misses: readonly string[];
  readonly matches: readonly string[];
}

/** Each line under a first level of its own, or it would select what others send. */
export const MATCHING: readonly Matching[] = [
  { by: "mqtt5", pattern: "m1/+/c", misses: ["m1/c", "m1/b/b/c", "m1/b"], matches: ["m1/b.d/c", "m1//c"] },
  { by: "mqtt5", pattern: "m2/#", misses: ["m22"], matches: ["m2", "m2/a", "m2/", "m2/a.b/c"] },
  { by: "mqtt5", pattern: "+/m3/only", misses: ["$x/m3/only"], matches: ["/m3/only", "x/m3/only"] },
  { by: "mqtt5", pattern: "$m4/#", misses: ["m4/a"], matches: ["$m4/a", "$m4"] },
  { by: "amqp", pattern: "k1.*.c", misses: ["k1/c", "k1/b/b/c"], matches: ["k1/b.d/c", "k1//c"] },
  { by: "amqp", pattern: "k2.#", misses: ["k22"], matches: ["k2", "k2/a", "k2/", "k2/a.b/c"] },
  { by: "amqp", pattern: "k3.#.z", misses: ["k3/a", "k3/z/a"], matches: ["k3/z", "k3/a/z", "k3/a/b/z"] },
  { by: "amqp", pattern: "#.k4", misses: ["k4/a"], matches: ["$x/k4", "k4", "a/k4"] },
  { by: "amqp", pattern: "*.k5", misses: ["k5"], matches: ["/k5", "$x/k5", "a/k5"] },
  { by: "amqp", pattern: "k6.+", misses: ["k6/a"], matches: [] },
  { by: "stomp1.2", pattern: "/topic/s1.*.c", misses: ["s1/c", "s1/b/b/c"], matches: ["s1/b.d/c", "s1//c"] },
  { by: "stomp1.2", pattern: "/topic/s2.+.c", misses: ["s2/c"], matches: ["s2/b/c"] },
  { by: "stomp1.2", pattern: "/topic/s3.#", misses: ["s33"], matches: ["s3", "s3/a/b"] },
  { by: "stomp1.2", pattern: "/topic/s4.>", misses: ["s44"], matches: ["s4/a", "s4/a/b"] },
  { by: "stomp1.2", pattern: "/topic/s5/*/c", misses: ["s5/c"], matches: ["s5/b.d/c", "s5//c"] },
  { by: "stomp1.2", pattern: "/topic/s6/+/c", misses: ["s6/c"], matches: ["s6/b/c"] },
  { by: "stomp1.2", pattern: "/topic/s7/#", misses: ["s77"], matches: ["s7", "s7/a/b"] },
  { by: "stomp1.2", pattern: "/topic/s8/>", misses: ["s88"], matches: ["s8/a", "s8/a/b"] },
  { by: "stomp1.2", pattern: "/topic/*.s9.only", misses: ["$x/s9/only"], matches: ["/s9/only", "x/s9/only"] },
  { by: "stomp1.2", pattern: "/topic/#/s10", misses: ["$x/s10"], matches: ["s10", "x/s10"] },
  { by: "stomp1.2", pattern: "/topic/s11/%2A", misses: ["s11/a"], matches: ["s11/*"] },
  { by: "stomp1.2", pattern: "/topic/s12%2Fb", misses: ["s12/b"], matches: ["s12.b"] },
  { by: "stomp1.2", pattern: "/topic/s13%2Eb", misses: ["s13/b"], matches: ["s13.b"] },
  { by: "stomp1.2", pattern: "/exchange/amq.topic/s14.*", misses: ["s14"], matches: ["s14/a"] },
];
