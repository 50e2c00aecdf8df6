/** MQTT filters and binding keys, with what they select and what not. */
export const SELECTIONS: readonly {
  readonly name: string;
  readonly levels: string;
  readonly hidesReserved: boolean;
  readonly selects: readonly string[];
  readonly refuses: readonly string[];
}[] = [
  {
    name: "a final many selects the parent level, MQTT 5.0 §4.7.1.2",
    levels: "a/#",
    hidesReserved: true,
    selects: ["a", "a/", "a/b", "a/b/c"],
    refuses: ["", "b", "ab", "/a"],
  },
  {
    name: "one stands for exactly one level, also an empty one, MQTT 5.0 §4.7.1.3",
    levels: "a/+",
    hidesReserved: true,
    selects: ["a/b", "a/"],
    refuses: ["a", "a/b/c", "a//"],
  },
  {
    name: "a leading slash is a level, MQTT 5.0 §4.7.1.3",
    levels: "+/+",
    hidesReserved: true,
    selects: ["/finance", "a/b", "/"],
    refuses: ["finance", "$a/b"],
  },
  {
    name: "a leading wildcard does not select reserved topics [MQTT-4.7.2-1]",
    levels: "#",
    hidesReserved: true,
    selects: ["a", "a/b", "/", "a/$b"],
    refuses: ["$SYS", "$SYS/uptime"],
  },
  {
    name: "a literal first level selects reserved topics, MQTT 5.0 §4.7.2",
    levels: "$SYS/#",
    hidesReserved: true,
    selects: ["$SYS", "$SYS/uptime"],
    refuses: ["a"],
  },
  {
    name: "a binding key knows nothing of reserved topics, AMQP 0-9-1 §3.1.3.3",
    levels: "#",
    hidesReserved: false,
    selects: ["", "a", "$SYS/uptime"],
    refuses: [],
  },
  {
    name: "many stands for none or more anywhere, AMQP 0-9-1 §3.1.3.3",
    levels: "#/a/#",
    hidesReserved: false,
    selects: ["a", "b/a", "a/b", "b/a/b", "a/a"],
    refuses: ["", "b", "b/b"],
  },
  {
    name: "the key of no levels selects the topic of no levels only",
    levels: "",
    hidesReserved: false,
    selects: [""],
    refuses: ["a", "/"],
  },
];
