import { TOPIC_SPACE } from "@dragoman/core";
import { expect, test } from "vitest";
import { connected, startServer } from "../testing/test-server.ts";
import { ReceiverSets } from "./receivers.ts";

test("sets of receivers have no more members than are allowed, and those that are there stay", async () => {
  const server = await startServer();
  const vhost = server.broker.virtualHost("/");
  for (const clientId of ["one", "two"]) await (await connected(server, { clientId })).subscribe("#");
  const three = await connected(server, { clientId: "three" });
  await three.subscribe("b");
  const [a, b] = ["a", "b"].map((path) =>
    vhost.topology.router.route(vhost.exchange(TOPIC_SPACE), vhost.topics.fromPath(path), () => []),
  );
  if (a === undefined || b === undefined) throw new Error("no routes");
  const sets = new ReceiverSets(4);

  expect([sets.numberOf(a), sets.numberOf(b), sets.numberOf(a)]).toEqual([0, -1, 0]);
  sets.clear();
  expect([sets.numberOf(b), sets.numberOf(a)]).toEqual([0, -1]);
});
