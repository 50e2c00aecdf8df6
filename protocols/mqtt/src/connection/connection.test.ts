import { expect, test } from "vitest";
import { startServer } from "../testing/test-server.ts";
import { TestClient } from "../testing/test-client.ts";

test.each([3, 4, 5] as const)(
  "at protocol level %i a message of each QoS reaches a subscriber",
  async (version) => {
    const server = await startServer();
    const subscriber = new TestClient(server, version);
    await subscriber.connect({ clientId: "subscriber" });
    await subscriber.subscribe("a/+", 2);
    const publisher = new TestClient(server, version);
    await publisher.connect({ clientId: "publisher" });

    publisher.publish("a/b", "0");
    publisher.publish("a/b", "1", { qos: 1, packetId: 5 });
    publisher.publish("a/b", "2", { qos: 2, packetId: 6 });
    publisher.send({ type: "pubrel", packetId: 6, reason: 0, properties: {} });

    expect(publisher.take().map(({ type }) => type)).toEqual(["puback", "pubrec", "pubcomp"]);
    const messages = subscriber.takeMessages();
    expect(messages.map(({ qos }) => qos)).toEqual([0, 1, 2]);
    expect(messages.map(({ payload }) => Buffer.from(payload).toString())).toEqual(["0", "1", "2"]);
  },
);

test("a protocol recognises its first bytes, however few come", async () => {
  const { protocol } = await startServer();
  const connect = Buffer.from("100e00044d51545405020000000001", "hex");
  const old = Buffer.from("100f00064d51497364700302003c000161", "hex");

  expect(protocol.recognises(connect)).toBe("yes");
  expect(protocol.recognises(old)).toBe("yes");
  expect([0, 1, 2, 3, 4, 5].map((count) => protocol.recognises(connect.subarray(0, count)))).toEqual(
    Array.from({ length: 6 }, () => "unclear"),
  );
  expect(protocol.recognises(Buffer.from("GET / HTTP/1.1"))).toBe("no");
  expect(protocol.recognises(Buffer.from("AMQP"))).toBe("no");
  expect(protocol.recognises(Buffer.from("\x10\x0e\x00\x05abc"))).toBe("no");
  // A CONNECT that can name no protocol is not waited for.
  expect(protocol.recognises(Buffer.from("100100", "hex"))).toBe("yes");
  expect(protocol.recognises(Buffer.from("10ffffffffff01", "hex"))).toBe("yes");
});
