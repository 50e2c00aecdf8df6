import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Child, missingModule, missingProgram } from "../clients/child.ts";
import { PythonClient } from "../clients/python-client.ts";
import { RawStomp } from "../clients/raw-stomp.ts";
import { AMQP_CELLS } from "./amqp-properties.cells.ts";
import { freshTopic, testCells } from "./cross.ts";
import { MQTT_CELLS } from "./mqtt-properties.cells.ts";
import { STOMP_CELLS } from "./stomp-headers.cells.ts";
import { TYPED_CELLS } from "./typed-headers.cells.ts";
import { World } from "./world.ts";

let world: World;

beforeAll(async () => {
  world = await World.start();
});
afterAll(async () => {
  await world.stop();
});

const noPika = missingModule("pika");
const noStompPy = missingModule("stomp");
const noAmqpPublish = missingProgram("amqp-publish");

const keyOf = (topic: string): string => topic.replaceAll("/", ".");

describe("a table's cell", () => {
  testCells(() => world, MQTT_CELLS);
  testCells(() => world, AMQP_CELLS);
  testCells(() => world, STOMP_CELLS);
  testCells(() => world, TYPED_CELLS);
});

describe("MQTT 5", () => {
  test.concurrent("§4.1 mqtt5 → amqp: different User Properties keep their order", async () => {
    const topic = freshTopic();
    const [publisher, subscriber] = await Promise.all([world.mqtt5(), world.amqp()]);
    const inbox = await subscriber.subscribe(keyOf(topic));

    await publisher.publish(topic, "", { userProperties: { zulu: "1", alpha: "2", mike: "3" } });

    const names = Object.keys((await inbox.next()).headers).filter((name) => !name.startsWith("x-"));
    expect(names).toStrictEqual(["zulu", "alpha", "mike"]);
  });

  test.concurrent("§4.1 amqp → mqtt5: headers are User Properties in table order", async () => {
    const topic = freshTopic();
    const [publisher, subscriber] = await Promise.all([world.amqp(), world.mqtt5()]);
    await subscriber.subscribe(topic);

    await publisher.publish("amq.topic", keyOf(topic), "", { headers: { zulu: "1", alpha: "2", mike: "3" } });

    const { userProperties } = await subscriber.arrivals.next();
    const names = Object.keys(userProperties ?? {}).filter((name) => !name.startsWith("x-"));
    expect(names).toStrictEqual(["zulu", "alpha", "mike"]);
  });

  test.concurrent("§4.1 mqtt5 → stomp1.2: a repeated User Property is one line each", async () => {
    const topic = freshTopic();
    const [publisher, subscriber] = await Promise.all([world.mqtt5(), world.rawStomp()]);
    subscriber.send("SUBSCRIBE", ["id:1", `destination:/topic/${topic}`, "receipt:r"]);
    await subscriber.frames.next();

    await publisher.publish(topic, "", { userProperties: { colour: ["blue", "red", "blue"] } });

    expect(RawStomp.valuesOf(await subscriber.frames.next(), "colour")).toStrictEqual([
      "blue",
      "red",
      "blue",
    ]);
  });

  test.concurrent("§4.1 mqtt5 → amqp: a Topic Alias is of the hop only", async () => {
    const topic = freshTopic();
    const [publisher, subscriber] = await Promise.all([
      world.mqtt5({ autoAssignTopicAlias: true }),
      world.amqp(),
    ]);
    const inbox = await subscriber.subscribe(keyOf(topic));

    await publisher.publish(topic, "first");
    await publisher.publish(topic, "second");

    expect(await inbox.next()).toMatchObject({ routingKey: keyOf(topic), body: "first" });
    expect(await inbox.next()).toMatchObject({ routingKey: keyOf(topic), body: "second" });
  });

  test.concurrent("§4.1 mqtt5 → amqp: a Subscription Identifier is of the hop only", async () => {
    const topic = freshTopic();
    const [both, subscriber] = await Promise.all([world.mqtt5(), world.amqp()]);
    await both.subscribe(topic, { subscriptionIdentifier: 7 });
    const inbox = await subscriber.subscribe(keyOf(topic));

    await both.publish(topic, "");

    const { headers } = await inbox.next();
    expect(Object.keys(headers).filter((name) => /subscription/i.test(name))).toStrictEqual([]);
  });
});

describe("AMQP 0-9-1", () => {
  for (const end of ["mqtt5", "stomp1.2"] as const) {
    test.concurrent(`§4.2 amqp → ${end}: x-death is JSON, x-first-death-… are text`, async () => {
      const topic = freshTopic();
      const queue = `dying-${end}`;
      const amqp = await world.amqp();
      const next = end === "mqtt5" ? await readMqtt(topic) : await readStomp(topic);
      await amqp.channel.assertQueue(queue, {
        exclusive: true,
        deadLetterExchange: "amq.topic",
        deadLetterRoutingKey: keyOf(topic),
      });
      const inbox = await amqp.consume(queue);

      await amqp.publish("", queue, "doomed");
      (await inbox.next()).settle("reject");

      const headers = await next();
      expect(headers).toMatchObject({
        "x-first-death-reason": "rejected",
        "x-first-death-queue": queue,
        "x-first-death-exchange": "",
      });
      const deaths: unknown = JSON.parse(String(headers["x-death"]));
      expect(deaths).toMatchObject([
        {
          count: 1,
          reason: "rejected",
          queue,
          exchange: "",
          "routing-keys": [queue],
          time: expect.any(Number),
        },
      ]);
    });
  }

  test.concurrent("§4.2 amqp → amqp: x-death is a table, x-first-death-… are text", async () => {
    const amqp = await world.amqp();
    const dead = await amqp.subscribe("dead.letters");
    await amqp.channel.assertQueue("dying-amqp", {
      exclusive: true,
      deadLetterExchange: "amq.topic",
      deadLetterRoutingKey: "dead.letters",
    });
    const inbox = await amqp.consume("dying-amqp");

    await amqp.publish("", "dying-amqp", "doomed");
    (await inbox.next()).settle("reject");

    expect((await dead.next()).headers).toMatchObject({
      "x-first-death-reason": "rejected",
      "x-first-death-queue": "dying-amqp",
      "x-first-death-exchange": "",
      "x-death": [{ reason: "rejected", queue: "dying-amqp", exchange: "", "routing-keys": ["dying-amqp"] }],
    });
  });

  test.concurrent("§4.2 amqp → mqtt5: an expired message is not sent", async () => {
    const topic = freshTopic();
    const [amqp, away] = await Promise.all([
      world.amqp(),
      world.mqtt5({ clientId: "away", clean: true, properties: { sessionExpiryInterval: 100 } }),
    ]);
    await away.subscribe(topic, { qos: 1 });
    await away.close();
    const dead = await amqp.subscribe("expired.here");
    await amqp.channel.assertQueue("witness", {
      exclusive: true,
      deadLetterExchange: "amq.topic",
      deadLetterRoutingKey: "expired.here",
    });
    await amqp.channel.bindQueue("witness", "amq.topic", keyOf(topic));

    await amqp.publish("amq.topic", keyOf(topic), "late", { expiration: "20" });
    await dead.next();
    await amqp.publish("amq.topic", keyOf(topic), "in time");
    const back = await world.mqtt5({
      clientId: "away",
      clean: false,
      properties: { sessionExpiryInterval: 100 },
    });

    expect((await back.arrivals.next()).body).toBe("in time");
  });

  test.concurrent("§4.2 amqp → mqtt5: a copy routed by CC carries the topic that matched", async () => {
    const topic = freshTopic();
    const [amqp, mqtt] = await Promise.all([world.amqp(), world.mqtt5()]);
    await mqtt.subscribe(`${topic}/copy`);

    await amqp.publish("amq.topic", `${keyOf(topic)}.main`, "x", { CC: `${keyOf(topic)}.copy` });

    expect(await mqtt.arrivals.next()).toMatchObject({ topic: `${topic}/copy`, body: "x" });
  });

  test.concurrent("§4.2 amqp → stomp1.2: a copy routed by BCC carries the topic that matched", async () => {
    const topic = freshTopic();
    const [amqp, stomp] = await Promise.all([world.amqp(), world.stomp()]);
    const inbox = await stomp.subscribe(`/topic/${topic}/copy`);

    await amqp.publish("amq.topic", `${keyOf(topic)}.main`, "x", { BCC: `${keyOf(topic)}.copy` });

    expect((await inbox.next()).headers["destination"]).toBe(`/topic/${topic}/copy`);
  });

  test.concurrent("§4.2 amqp: a user_id other than the login is refused with 406", async () => {
    const amqp = await world.amqp();
    const channel = await amqp.openChannel();

    channel.publish("amq.topic", "a", Buffer.from(""), { userId: "root" });

    expect((await amqp.events.next()).message).toMatch(/406/);
  });

  test.concurrent("§4.2 amqp → amqp: cluster_id is kept, and goes nowhere else", async ({ skip }) => {
    skip(noPika !== undefined, noPika);
    const topic = freshTopic();
    const [pika, mqtt] = await Promise.all([
      PythonClient.start("pika_client", world.broker.url("amqp")),
      world.mqtt5(),
    ]);
    await mqtt.subscribe(topic);
    await pika.subscribe(keyOf(topic));

    await pika.publish(keyOf(topic), "x", { clusterId: "c-1" });

    expect((await pika.arrivals.next()).fields).toMatchObject({ clusterId: "c-1" });
    expect(JSON.stringify(await mqtt.arrivals.next())).not.toContain("c-1");
    await pika.close();
  });

  test.concurrent("§4.4 amqp → mqtt5: S that is not UTF-8 is base64:…", async ({ skip }) => {
    skip(noAmqpPublish !== undefined, noAmqpPublish);
    const topic = freshTopic();
    const mqtt = await world.mqtt5();
    await mqtt.subscribe(topic);

    const header = `-H "value: $(printf '\\377\\376')"`;
    const command = `amqp-publish --url ${world.broker.url("amqp")} -e amq.topic -r ${keyOf(topic)} ${header} -b x`;
    await new Child("/bin/sh", ["-c", command]).finish();

    expect((await mqtt.arrivals.next()).userProperties).toMatchObject({ value: "base64://4=" });
  });

  test.concurrent("§4.4 amqp → stomp1.2: S that is not UTF-8 is base64:…", async ({ skip }) => {
    skip(noAmqpPublish !== undefined, noAmqpPublish);
    const topic = freshTopic();
    const stomp = await world.stomp();
    const inbox = await stomp.subscribe(`/topic/${topic}`);

    const header = `-H "value: $(printf '\\377\\376')"`;
    const command = `amqp-publish --url ${world.broker.url("amqp")} -e amq.topic -r ${keyOf(topic)} ${header} -b x`;
    await new Child("/bin/sh", ["-c", command]).finish();

    expect((await inbox.next()).headers["value"]).toBe("base64://4=");
  });

  test.concurrent("§4.4 amqp → mqtt5 → amqp: without a sidecar a number comes back as text", async () => {
    const [out, back] = [freshTopic(), freshTopic()];
    const [amqp, mqtt] = await Promise.all([world.amqp(), world.mqtt5()]);
    await mqtt.subscribe(out);
    const inbox = await amqp.subscribe(keyOf(back));

    await amqp.publish("amq.topic", keyOf(out), "x", { headers: { n: 5 } });
    const { userProperties = {} } = await mqtt.arrivals.next();
    await mqtt.publish(back, "x", { userProperties });

    expect((await inbox.next()).headers).toMatchObject({ n: "5" });
  });
});

describe("STOMP", () => {
  test.concurrent("§4.3 stomp1.2 → mqtt5: of a repeated user header all are sent", async () => {
    const topic = freshTopic();
    const [stomp, mqtt] = await Promise.all([world.rawStomp(), world.mqtt5()]);
    await mqtt.subscribe(topic);

    stomp.send("SEND", [`destination:/topic/${topic}`, "colour:blue", "colour:red"], "x");

    expect((await mqtt.arrivals.next()).userProperties).toMatchObject({ colour: ["blue", "red"] });
  });

  test.concurrent("§4.3 stomp1.2 → amqp: a repeated user header is an array", async () => {
    const topic = freshTopic();
    const [stomp, amqp] = await Promise.all([world.rawStomp(), world.amqp()]);
    const inbox = await amqp.subscribe(keyOf(topic));

    stomp.send("SEND", [`destination:/topic/${topic}`, "colour:blue", "colour:red"], "x");

    expect((await inbox.next()).headers).toMatchObject({ colour: ["blue", "red"] });
  });

  test.concurrent("§4.3 stomp1.2 → stomp1.2: of a repeated user header the first comes first", async () => {
    const topic = freshTopic();
    const [stomp, subscriber] = await Promise.all([world.rawStomp(), world.rawStomp()]);
    subscriber.send("SUBSCRIBE", ["id:1", `destination:/topic/${topic}`, "receipt:r"]);
    await subscriber.frames.next();

    stomp.send("SEND", [`destination:/topic/${topic}`, "colour:blue", "colour:red"], "x");

    expect(RawStomp.valuesOf(await subscriber.frames.next(), "colour")).toStrictEqual(["blue", "red"]);
  });

  test.concurrent("§4.3 stomp1.2 → mqtt5: of a repeated control header the first wins", async () => {
    const topic = freshTopic();
    const [stomp, mqtt] = await Promise.all([world.rawStomp(), world.mqtt5()]);
    await mqtt.subscribe(topic);

    stomp.send("SEND", [`destination:/topic/${topic}`, "content-type:first", "content-type:second"], "x");

    expect((await mqtt.arrivals.next()).contentType).toBe("first");
  });

  test.concurrent("§4.3 stomp1.1 ↔ amqp: escapes in values, by stomp.py", async ({ skip }) => {
    skip(noStompPy !== undefined, noStompPy);
    const [out, back] = [freshTopic(), freshTopic()];
    const amqp = await world.amqp();
    const python = await PythonClient.start("stomp_client", world.broker.url("stomp"), "1.1");
    const inbox = await amqp.subscribe(keyOf(out));
    await python.subscribe(`/topic/${back}`);

    await python.publish(`/topic/${out}`, "x", { colour: "a:b\nc\\d" });
    await amqp.publish("amq.topic", keyOf(back), "x", { headers: { colour: "a:b\nc\\d" } });

    expect((await inbox.next()).headers).toMatchObject({ colour: "a:b\nc\\d" });
    expect((await python.arrivals.next()).fields).toMatchObject({ colour: "a:b\nc\\d" });
    await python.close();
  });

  test.concurrent("§4.3 stomp1.2 → amqp: transaction and receipt are not forwarded", async () => {
    const topic = freshTopic();
    const [stomp, amqp] = await Promise.all([world.rawStomp(), world.amqp()]);
    const inbox = await amqp.subscribe(keyOf(topic));

    stomp.send("BEGIN", ["transaction:t"]);
    stomp.send("SEND", [`destination:/topic/${topic}`, "transaction:t", "receipt:r"], "x");
    stomp.send("COMMIT", ["transaction:t"]);

    const { headers } = await inbox.next();
    for (const name of ["transaction", "receipt"]) expect(headers).not.toHaveProperty(name);
  });

  test.concurrent("§4.3 stomp: persistent that is no yes-word is an ERROR", async () => {
    const stomp = await world.rawStomp();

    stomp.send("SEND", ["destination:/topic/a", "persistent:maybe"], "x");

    expect((await stomp.frames.next()).command).toBe("ERROR");
    await stomp.closed;
  });

  test.concurrent("§4.3 stomp1.2: an undefined escape is an ERROR", async () => {
    const stomp = await world.rawStomp();

    stomp.send("SEND", ["destination:/topic/a", "colour:a\\qb"], "x");

    expect((await stomp.frames.next()).command).toBe("ERROR");
    await stomp.closed;
  });

  test.concurrent("§4.3 stomp: CONNECT is never escaped", async () => {
    const stomp = await RawStomp.connect(world.broker.url("stomp"), "1.2", ["colour:a\\qb"]);

    stomp.close();
    expect(stomp.frames.all).toHaveLength(1);
  });

  test.concurrent("§4.3 stomp1.0 → mqtt5: blanks in front of a value are trimmed", async () => {
    const topic = freshTopic();
    const [stomp, mqtt] = await Promise.all([world.rawStomp("1.0"), world.mqtt5()]);
    await mqtt.subscribe(topic);

    stomp.send("SEND", [`destination: /topic/${topic}`, "colour:  blue"], "x");

    expect((await mqtt.arrivals.next()).userProperties).toMatchObject({ colour: "blue" });
  });

  test.concurrent("§4.3 stomp1.2 → mqtt5: blanks in front of a value stay", async () => {
    const topic = freshTopic();
    const [stomp, mqtt] = await Promise.all([world.rawStomp(), world.mqtt5()]);
    await mqtt.subscribe(topic);

    stomp.send("SEND", [`destination:/topic/${topic}`, "colour:  blue"], "x");

    expect((await mqtt.arrivals.next()).userProperties).toMatchObject({ colour: "  blue" });
  });

  for (const [version, line] of [
    ["1.2", "a\\cb\\nc\\rd:v"],
    ["1.1", "a\\cb\\nc:v"],
    ["1.0", "a_b_c_d:v"],
  ] as const) {
    test.concurrent(`§4.3 amqp → stomp${version}: a header's name with a colon and line ends`, async () => {
      const topic = freshTopic();
      const [amqp, stomp] = await Promise.all([world.amqp(), world.rawStomp(version)]);
      stomp.send("SUBSCRIBE", ["id:1", `destination:/topic/${topic}`, "receipt:r"]);
      await stomp.frames.next();

      const name = version === "1.1" ? "a:b\nc" : "a:b\nc\rd";
      await amqp.publish("amq.topic", keyOf(topic), "x", { headers: { [name]: "v" } });

      expect((await stomp.frames.next()).lines).toContain(line);
    });
  }

  test.concurrent("§4.3 stomp1.2 → stomp1.2: content-length is there for every body", async () => {
    const topic = freshTopic();
    const [stomp, subscriber] = await Promise.all([world.rawStomp(), world.rawStomp()]);
    subscriber.send("SUBSCRIBE", ["id:1", `destination:/topic/${topic}`, "receipt:r"]);
    await subscriber.frames.next();

    stomp.send("SEND", [`destination:/topic/${topic}`], "");

    expect(RawStomp.valuesOf(await subscriber.frames.next(), "content-length")).toStrictEqual(["0"]);
  });

  test.concurrent("§4.3 amqp → stomp1.2: redelivered:true", async () => {
    const [amqp, stomp] = await Promise.all([world.amqp(), world.stomp()]);
    await amqp.channel.assertQueue("again-stomp");
    await amqp.publish("", "again-stomp", "x");
    const first = await world.amqp();
    await (await first.consume("again-stomp")).next();
    await first.close();

    const inbox = await stomp.subscribe("/amq/queue/again-stomp");

    expect((await inbox.next()).headers["redelivered"]).toBe("true");
  });

  test.concurrent("§4.3 stomp1.2: x-arguments of SUBSCRIBE are the queue's", async () => {
    const [amqp, stomp] = await Promise.all([world.amqp(), world.stomp()]);
    const dead = await amqp.subscribe("from.stomp.queue");
    await stomp.subscribe("/queue/argued", {
      ack: "client",
      "prefetch-count": "1",
      "x-max-length": "1",
      "x-dead-letter-exchange": "amq.topic",
      "x-dead-letter-routing-key": "from.stomp.queue",
    });

    for (const body of ["1", "2", "3"]) await stomp.send("/queue/argued", body);

    expect((await dead.next()).headers).toMatchObject({ "x-first-death-reason": "maxlen" });
  });

  for (const [name, value] of [
    ["x-delay", () => "400"],
    ["AMQ_SCHEDULED_DELAY", () => "400"],
    ["AMQ_SCHEDULED_TIME", () => String(Date.now() + 400)],
  ] as const) {
    test.concurrent(`§4.3 stomp1.2 → mqtt5: ${name} delays`, async () => {
      const topic = freshTopic();
      const [stomp, mqtt] = await Promise.all([world.stomp(), world.mqtt5()]);
      await mqtt.subscribe(topic);

      await stomp.send(`/topic/${topic}`, "later", { [name]: value() });
      await stomp.send(`/topic/${topic}`, "at once");

      expect((await mqtt.arrivals.next()).body).toBe("at once");
      expect((await mqtt.arrivals.next()).body).toBe("later");
    });
  }
});

describe("AMQP 0-9-1 among itself", () => {
  test.concurrent("§4.4 amqp → amqp: a stored table's bytes are passed through", async () => {
    const topic = freshTopic();
    const [publisher, subscriber] = await Promise.all([world.amqp(), world.amqp()]);
    const inbox = await subscriber.subscribe(keyOf(topic));
    const received = tap(subscriber.connection.connection);
    const headers = {
      b: { "!": "int8", value: 5 },
      s: { "!": "int16", value: 5 },
      I: { "!": "int32", value: 5 },
      l: { "!": "int64", value: 5 },
      B: { "!": "uint8", value: 5 },
      f: { "!": "float", value: 0.1 },
      D: { "!": "decimal", value: { places: 2, digits: 1_234 } },
      T: { "!": "timestamp", value: 1_700_000_000 },
      x: Buffer.from([0xff, 0]),
      V: null,
      F: { A: [1, "b", { t: true }] },
    };

    await publisher.publish("amq.topic", keyOf(topic), "x", { headers });
    await inbox.next();

    // Each name with its length, then the letter of the type and the value.
    const wire = "01626205017373000501494900000005016c6c000000000000000501424205";
    expect(received()).toContain(wire);
    expect(received()).toContain("0166663dcccccd01444402000004d2015454000000006553f100");
    expect(received()).toContain("01787800000002ff00015656014646");
  });
});

/** Everything that the connection receives from now on, in hexadecimal. */
function tap(connection: object): () => string {
  const stream: unknown = "stream" in connection ? connection.stream : undefined;
  const chunks: Buffer[] = [];
  if (typeof stream === "object" && stream !== null && "on" in stream && typeof stream.on === "function") {
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  }
  return () => Buffer.concat(chunks).toString("hex");
}

async function readMqtt(topic: string): Promise<() => Promise<Readonly<Record<string, unknown>>>> {
  const client = await world.mqtt5();
  await client.subscribe(topic);
  return async () => (await client.arrivals.next()).userProperties ?? {};
}

async function readStomp(topic: string): Promise<() => Promise<Readonly<Record<string, unknown>>>> {
  const client = await world.stomp();
  const inbox = await client.subscribe(`/topic/${topic}`);
  return async () => (await inbox.next()).headers;
}
