import { type Headers, text } from "@dragoman/core";
import { openTestBroker } from "@dragoman/core/testing";
import { describe, expect, it } from "vitest";
import { exchangeDeclare, queueBind, queueDeclare, TestClient } from "../testing/test-client.ts";

/** Exchange e with the queues a and b, each with weight 1. */
async function open(type: string, args: Headers = []): Promise<TestClient> {
  const { broker } = await openTestBroker();
  const client = await TestClient.open(broker);
  await client.ask(exchangeDeclare("e", type, { arguments: args }));
  for (const queue of ["a", "b"]) {
    await client.ask(queueDeclare(queue));
    await client.ask(queueBind(queue, "e", "1"));
  }
  return client;
}

async function drain(client: TestClient, queue: string): Promise<string[]> {
  const bodies: string[] = [];
  for (;;) {
    client.send(1, { name: "basic.get", queue, noAck: true });
    const [got] = await client.take();
    if (got?.body === undefined) return bodies;
    bodies.push(got.body);
  }
}

const NUMBERS = Array.from({ length: 40 }, (_, number) => String(number));

describe("x-consistent-hash, RabbitMQ's plugin", () => {
  it("leads each routing key to one queue, always the same", async () => {
    const client = await open("x-consistent-hash");
    for (const key of [...NUMBERS, ...NUMBERS]) client.publish({ exchange: "e", routingKey: key }, key);

    const [a, b] = [await drain(client, "a"), await drain(client, "b")];

    expect(a.length).toBeGreaterThan(0);
    expect(b.length).toBeGreaterThan(0);
    expect([...new Set(a), ...new Set(b)].toSorted()).toEqual(NUMBERS.toSorted());
  });

  it("hashes the header that hash-header names", async () => {
    const client = await open("x-consistent-hash", [["hash-header", text("customer")]]);
    for (const key of NUMBERS) {
      client.publish({ exchange: "e", routingKey: key }, key, { headers: [["customer", text("one")]] });
    }

    const [a, b] = [await drain(client, "a"), await drain(client, "b")];

    expect([a.length, b.length].toSorted((x, y) => x - y)).toEqual([0, NUMBERS.length]);
  });

  it("is another exchange with another hash-header: 406", async () => {
    const client = await open("x-consistent-hash");

    expect(
      await client.ask(
        exchangeDeclare("e", "x-consistent-hash", { arguments: [["hash-header", text("h")]] }),
      ),
    ).toMatchObject([
      {
        replyCode: 406,
        replyText:
          "PRECONDITION_FAILED - inequivalent arg 'hash-header' for exchange 'e' in vhost '/': received the value 'h' of type 'longstr' but current is none",
      },
    ]);
  });

  it.each([
    ["heavy", 'The binding key must be an integer: <<"heavy">>'],
    ["0", "The binding key must be greater than 0"],
    ["-1", "The binding key must be greater than 0"],
    ["1001", "The binding key must not be greater than 1000"],
  ])("refuses the weight %s with 406", async (key, why) => {
    const client = await open("x-consistent-hash");

    expect(await client.ask(queueBind("a", "e", key))).toMatchObject([
      { name: "channel.close", replyCode: 406, replyText: `PRECONDITION_FAILED - ${why}` },
    ]);
  });
});

describe("x-random, RabbitMQ's plugin", () => {
  it("leads each message to one of the queues", async () => {
    const client = await open("x-random");
    for (const body of NUMBERS) client.publish({ exchange: "e", routingKey: "" }, body);

    const all = [...(await drain(client, "a")), ...(await drain(client, "b"))];

    expect(all.toSorted()).toEqual(NUMBERS.toSorted());
  });
});
