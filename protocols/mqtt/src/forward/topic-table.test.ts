import { openTestBroker } from "@dragoman/core/testing";
import { expect, test } from "vitest";
import { MqttContext } from "../connection/context.ts";
import { defaultOptions } from "../connection/options.ts";

test("topics are remembered until the broker is short of memory", async () => {
  const { broker } = await openTestBroker();
  const topics = new MqttContext(broker, defaultOptions).topicsOf(broker.virtualHost("/"));
  const name = Buffer.from("a/b");
  const known = topics.find(name, 0, name.length);
  expect(topics.find(name, 0, name.length)).toBe(known);
  broker.pageOut();

  expect(topics.find(name, 0, name.length)).not.toBe(known);
});
