import { BrokerError } from "@dragoman/core";
import { expect, test } from "vitest";
import { parseTopicFilter } from "./topic-filter.ts";

test.each(["#", "+", "a/#", "+/a/+/#", "/", "//", "/+", "$SYS/#", "a b", "$share2", "$shared/a", "+/#"])(
  "%s is a filter [MQTT-4.7.1-1] [MQTT-4.7.1-2]",
  (filter) => {
    expect(parseTopicFilter(filter)).toEqual({ group: undefined, filter });
  },
);

test.each(["", "a#", "#a", "#/", "a/#/b", "a+", "+a", "a/b+/c", "++", "##", "$share/g/a#"])(
  "%j is none",
  (filter) => {
    expect(() => parseTopicFilter(filter)).toThrow(BrokerError);
  },
);

test.each([
  ["$share/g/a/#", "g", "a/#"],
  ["$share/g//", "g", "/"],
  ["$share/g/$share/h/a", "g", "$share/h/a"],
])("%s is shared by group %s [MQTT-4.8.2-1] [MQTT-4.8.2-2]", (text, group, filter) => {
  expect(parseTopicFilter(text)).toEqual({ group, filter });
});

test.each(["$share", "$share/", "$share/g", "$share/g/", "$share//a", "$share/g+/a", "$share/#/a"])(
  "%s lacks group or filter [MQTT-4.8.2-1] [MQTT-4.8.2-2]",
  (filter) => {
    expect(() => parseTopicFilter(filter)).toThrow(BrokerError);
  },
);
