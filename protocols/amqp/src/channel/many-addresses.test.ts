import { openTestBroker } from "@dragoman/core/testing";
import { expect, it } from "vitest";
import { consume, queueBind, queueDeclare, TestClient } from "../testing/test-client.ts";

it("tells each delivery's own exchange and routing key, of however many", async () => {
  const { broker } = await openTestBroker();
  const client = await TestClient.open(broker);
  client.send(1, queueDeclare("q"));
  for (const exchange of ["amq.topic", "amq.fanout"]) client.send(1, queueBind("q", exchange, "#"));
  client.send(1, consume("q", { noAck: true }));
  await client.take();
  const sent = Array.from({ length: 600 }, (_, i) => ({
    exchange: i % 150 === 149 ? "amq.fanout" : "amq.topic",
    // Some again and again, most for the first time or after many others.
    routingKey: i % 3 === 0 ? `often.${i % 7}` : `seldom.${i % 200}`,
  }));

  for (const address of sent) client.publish(address, address.routingKey);

  const received = (await client.take()).map(({ method, body }) => ({ ...method, body }));
  expect(received).toEqual(
    sent.map((address, i) => ({
      name: "basic.deliver",
      consumerTag: "c",
      deliveryTag: i + 1,
      redelivered: false,
      ...address,
      body: address.routingKey,
    })),
  );
});
