import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { missingModule } from "../clients/child.ts";
import { PythonClient } from "../clients/python-client.ts";
import { RawStomp } from "../clients/raw-stomp.ts";
import { type Cell, type OmittedCell, mqtt3, rows } from "./cell.ts";
import { freshTopic, listOmitted, testCells } from "./cross.ts";
import { World } from "./world.ts";

let world: World;

beforeAll(async () => {
  world = await World.start();
});
afterAll(async () => {
  await world.stop();
});

const noPika = missingModule("pika");
const noPaho = missingModule("paho.mqtt.client");

const keyOf = (topic: string): string => topic.replaceAll("/", ".");

const anywhere: readonly Cell[] = (["mqtt5", "mqtt3.1.1", "stomp1.2", "amqp"] as const).flatMap((end) =>
  rows("4.5", end, [{ name: "body and topic arrive", sent: mqtt3({ qos: 1 }), with: {} }]),
);

const noOption = "mapping.md makes it an option that is off by default, and no protocol has it yet";
const options: readonly OmittedCell[] = [
  { section: "3.2", name: "topicMapping: rabbitmq", because: noOption },
];

describe("what crosses without loss", () => {
  testCells(() => world, anywhere);
  listOmitted(options);

  test.concurrent(
    "§4.5 mqtt5 → mqtt5: all properties, their order and repeats, by paho",
    async ({ skip }) => {
      skip(noPaho !== undefined, noPaho);
      const topic = freshTopic();
      const [publisher, subscriber] = await Promise.all([
        PythonClient.start("paho_client", world.broker.url("mqtt"), "5"),
        PythonClient.start("paho_client", world.broker.url("mqtt"), "5"),
      ]);
      await subscriber.subscribe(topic);
      const fields = {
        qos: 1,
        contentType: "text/plain",
        responseTopic: "answers/a.b",
        correlationData: "hex:ff00fe",
        payloadFormatIndicator: 1,
        userProperties: [
          ["zulu", "1"],
          ["alpha", "2"],
          ["zulu", "3"],
          ["", ""],
          ["alpha", "2"],
        ],
      };

      await publisher.publish(topic, "größe", fields);

      expect(await subscriber.arrivals.next()).toMatchObject({ address: topic, body: "größe", fields });
      await Promise.all([publisher.close(), subscriber.close()]);
    },
  );

  test.concurrent("§4.5 amqp → amqp: all properties, by pika", async ({ skip }) => {
    skip(noPika !== undefined, noPika);
    const topic = freshTopic();
    const [publisher, subscriber] = await Promise.all([
      PythonClient.start("pika_client", world.broker.url("amqp")),
      PythonClient.start("pika_client", world.broker.url("amqp")),
    ]);
    await subscriber.subscribe(keyOf(topic));
    const fields = {
      contentType: "text/plain",
      contentEncoding: "gzip",
      headers: { zulu: 1, alpha: [1, "a", null], table: { t: true } },
      deliveryMode: 2,
      priority: 9,
      correlationId: "c",
      replyTo: "r",
      expiration: "100000",
      messageId: "m",
      timestamp: 1_700_000_000,
      type: "t",
      userId: "guest",
      appId: "a",
      clusterId: "cl",
    };

    await publisher.publish(keyOf(topic), "größe", fields);

    const arrival = await subscriber.arrivals.next();
    expect(arrival).toMatchObject({ address: keyOf(topic), body: "größe", fields });
    expect(Object.keys(Object(arrival.fields["headers"]))).toStrictEqual(["zulu", "alpha", "table"]);
    await Promise.all([publisher.close(), subscriber.close()]);
  });

  for (const version of ["1.0", "1.1", "1.2"] as const) {
    test.concurrent(
      `§4.5 stomp${version} → stomp${version}: all header lines, their order and repeats`,
      async () => {
        const topic = freshTopic();
        const [publisher, subscriber] = await Promise.all([world.rawStomp(version), world.rawStomp(version)]);
        subscriber.send("SUBSCRIBE", ["id:1", `destination:/topic/${topic}`, "receipt:r"]);
        await subscriber.frames.next();
        const lines = [
          "zulu:1",
          "alpha:2",
          "zulu:3",
          "content-type:text/plain",
          "priority:4",
          "correlation-id:c",
          "reply-to:/topic/a.b",
          "timestamp:1700000000123",
          "empty:",
        ];

        publisher.send("SEND", [`destination:/topic/${topic}`, ...lines], "größe");

        const frame = await subscriber.frames.next();
        expect(frame.body).toBe("größe");
        expect(frame.lines.filter((line) => lines.includes(line))).toStrictEqual(lines);
      },
    );
  }

  test.concurrent("§4.5 stomp1.2 → mqtt5, amqp: all text arrives", async () => {
    const topic = freshTopic();
    const [publisher, mqtt, amqp] = await Promise.all([world.rawStomp(), world.mqtt5(), world.amqp()]);
    await mqtt.subscribe(topic);
    const inbox = await amqp.subscribe(keyOf(topic));

    publisher.send("SEND", [`destination:/topic/${topic}`, "zulu:1", "alpha:2", "empty:", "größe:ü"], "x");

    const text = { zulu: "1", alpha: "2", empty: "", größe: "ü" };
    expect((await mqtt.arrivals.next()).userProperties).toMatchObject(text);
    expect((await inbox.next()).headers).toMatchObject(text);
  });
});

describe("what cannot be carried", () => {
  const huge = "x".repeat(70_000);

  test.concurrent(
    "§4.5 amqp → mqtt5: a header value of more than 65,535 bytes is left out, the rest arrives",
    async ({ skip }) => {
      skip(noPika !== undefined, noPika);
      const topic = freshTopic();
      const [pika, mqtt] = await Promise.all([
        PythonClient.start("pika_client", world.broker.url("amqp")),
        world.mqtt5(),
      ]);
      await mqtt.subscribe(topic);

      await pika.publish(keyOf(topic), "x", { headers: { huge, small: "kept" } });

      const { body, userProperties } = await mqtt.arrivals.next();
      expect(body).toBe("x");
      expect(userProperties).toMatchObject({ small: "kept" });
      expect(userProperties).not.toHaveProperty("huge");
      await pika.close();
    },
  );

  test.concurrent(
    "§4.5 amqp → stomp1.2: a header value of more than 65,535 bytes arrives",
    async ({ skip }) => {
      skip(noPika !== undefined, noPika);
      const topic = freshTopic();
      const [pika, stomp] = await Promise.all([
        PythonClient.start("pika_client", world.broker.url("amqp")),
        world.rawStomp(),
      ]);
      stomp.send("SUBSCRIBE", ["id:1", `destination:/topic/${topic}`, "receipt:r"]);
      await stomp.frames.next();

      await pika.publish(keyOf(topic), "x", { headers: { huge, small: "kept" } });

      const frame = await stomp.frames.next();
      expect(RawStomp.valuesOf(frame, "small")).toStrictEqual(["kept"]);
      expect(RawStomp.valuesOf(frame, "huge")).toStrictEqual([huge]);
      await pika.close();
    },
  );

  for (const by of ["amqp", "stomp1.2"] as const) {
    test.concurrent(`§4.5 ${by} → mqtt5: NUL in a header is no reason to lose the message`, async () => {
      const topic = freshTopic();
      const mqtt = await world.mqtt5();
      await mqtt.subscribe(topic);

      if (by === "amqp") {
        await (
          await world.amqp()
        ).publish("amq.topic", keyOf(topic), "x", { headers: { nul: "a\0b", small: "kept" } });
      } else {
        (await world.rawStomp()).send("SEND", [`destination:/topic/${topic}`, "nul:a\0b", "small:kept"], "x");
      }

      expect((await mqtt.arrivals.next()).userProperties).toMatchObject({ small: "kept" });
    });
  }
});
