import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshTopic } from "./cross.ts";
import { World } from "./world.ts";

let world: World;

beforeAll(async () => {
  world = await World.start();
});
afterAll(async () => {
  await world.stop();
});

const keyOf = (topic: string): string => topic.replaceAll(/[./]/g, (mark) => (mark === "/" ? "." : "/"));
const LONG_TOPIC = Array.from({ length: 60 }, (_, at) => `level${at}`).join("/");

/** Correlations that every protocol must give back as they were. */
const CORRELATIONS = [
  ["text", "order 1"],
  ["bytes", "hex:ff00fe80"],
  ["text with NUL", "a\0b"],
  ["more than 255 bytes", "ü".repeat(200)],
] as const;

describe("MQTT 5 asks", () => {
  for (const [what, correlationData] of CORRELATIONS) {
    for (const [where, below] of [
      ["a Response Topic", "answers/for.me"],
      ["a long Response Topic", LONG_TOPIC],
    ] as const) {
      test.concurrent(`§6 mqtt5 → amqp: ${where}, correlation of ${what}`, async () => {
        const topic = freshTopic();
        const responseTopic = `${below}/${topic}`;
        const [asker, answerer] = await Promise.all([world.mqtt5(), world.amqp()]);
        await asker.subscribe(responseTopic);
        const inbox = await answerer.subscribe(keyOf(topic));

        await asker.publish(topic, "question", { responseTopic, correlationData });
        const { replyTo = "", correlationId = "" } = await inbox.next();
        answerer.channel.sendToQueue(replyTo, Buffer.from("answer"), { correlationId });

        expect(await asker.arrivals.next()).toMatchObject({
          topic: responseTopic,
          body: "answer",
          correlationData,
        });
      });
    }

    test.concurrent(`§6 mqtt5 → stomp1.2: a Response Topic, correlation of ${what}`, async () => {
      const topic = freshTopic();
      const responseTopic = `answers/for.me/${topic}`;
      const [asker, answerer] = await Promise.all([world.mqtt5(), world.stomp()]);
      await asker.subscribe(responseTopic);
      const inbox = await answerer.subscribe(`/topic/${topic}`);

      await asker.publish(topic, "question", { responseTopic, correlationData });
      const { headers } = await inbox.next();
      await answerer.send(headers["reply-to"] ?? "", "answer", {
        "correlation-id": headers["correlation-id"] ?? "",
      });

      expect(await asker.arrivals.next()).toMatchObject({
        topic: responseTopic,
        body: "answer",
        correlationData,
      });
    });

    test.concurrent(`§6 mqtt5 → mqtt5: a Response Topic, correlation of ${what}`, async () => {
      const topic = freshTopic();
      const [asker, answerer] = await Promise.all([world.mqtt5(), world.mqtt5()]);
      await asker.subscribe(`back/${topic}`);
      await answerer.subscribe(topic);

      await asker.publish(topic, "question", { responseTopic: `back/${topic}`, correlationData });
      const question = await answerer.arrivals.next();
      await answerer.publish(question.responseTopic ?? "", "answer", {
        correlationData: question.correlationData ?? "",
      });

      expect(await asker.arrivals.next()).toMatchObject({
        topic: `back/${topic}`,
        body: "answer",
        correlationData,
      });
    });
  }

  for (const name of ["x-reply-to-topic", "x-opt-reply-to-topic"]) {
    test.concurrent(`§6 amqp → mqtt5: ${name} is accepted as the address of the answer`, async () => {
      const topic = freshTopic();
      const [asker, answerer] = await Promise.all([world.amqp(), world.mqtt5()]);
      const answers = await asker.subscribe(`back.${keyOf(topic)}`);
      await answerer.subscribe(topic);

      const headers = { [name]: `back.${keyOf(topic)}` };
      await asker.publish("amq.topic", keyOf(topic), "question", { headers, correlationId: "c" });
      const { responseTopic = "", correlationData = "" } = await answerer.arrivals.next();
      await answerer.publish(responseTopic, "answer", { correlationData });

      expect(responseTopic).toBe(`back/${topic}`);
      expect(await answers.next()).toMatchObject({ body: "answer", correlationId: "c" });
    });
  }
});

describe("AMQP asks", () => {
  test.concurrent("§6 amqp → mqtt5: reply_to a queue", async () => {
    const topic = freshTopic();
    const [asker, answerer] = await Promise.all([world.amqp(), world.mqtt5()]);
    const { queue } = await asker.channel.assertQueue("", { exclusive: true });
    const answers = await asker.consume(queue);
    await answerer.subscribe(topic);

    await asker.publish("amq.topic", keyOf(topic), "question", { replyTo: queue, correlationId: "c 1" });
    const { responseTopic = "", correlationData = "" } = await answerer.arrivals.next();
    await answerer.publish(responseTopic, "answer", { qos: 1, correlationData });

    expect(responseTopic).toMatch(/^\$reply\//);
    expect(await answers.next()).toMatchObject({ body: "answer", correlationId: "c 1", routingKey: queue });
  });

  test.concurrent("§6 amqp → mqtt5: direct reply-to", async () => {
    const topic = freshTopic();
    const [asker, answerer] = await Promise.all([world.amqp(), world.mqtt5()]);
    const answers = await asker.consume("amq.rabbitmq.reply-to", { noAck: true });
    await answerer.subscribe(topic);

    await asker.publish("amq.topic", keyOf(topic), "question", {
      replyTo: "amq.rabbitmq.reply-to",
      correlationId: "c 1",
    });
    const { responseTopic = "", correlationData = "" } = await answerer.arrivals.next();
    await answerer.publish(responseTopic, "answer", { qos: 1, correlationData });

    expect(await answers.next()).toMatchObject({ body: "answer", correlationId: "c 1" });
  });

  test.concurrent("§6 amqp → mqtt5: a reply token is of the session that received it", async () => {
    const topic = freshTopic();
    const [asker, answerer, thief] = await Promise.all([world.amqp(), world.mqtt5(), world.mqtt5()]);
    const { queue } = await asker.channel.assertQueue("", { exclusive: true });
    const answers = await asker.consume(queue);
    await answerer.subscribe(topic);
    await asker.publish("amq.topic", keyOf(topic), "question", { replyTo: queue });
    const { responseTopic = "" } = await answerer.arrivals.next();

    const refused = await thief.publish(responseTopic, "forged", { qos: 1 }).catch((error: unknown) => error);
    await answerer.publish(responseTopic, "answer", { qos: 1 });

    expect(refused).not.toBe(0);
    expect((await answers.next()).body).toBe("answer");
    expect(answers.all).toHaveLength(1);
  });

  test.concurrent(
    "§6 amqp → mqtt5: a token works for every subscriber that received the question",
    async () => {
      const topic = freshTopic();
      const [asker, one, two] = await Promise.all([world.amqp(), world.mqtt5(), world.mqtt5()]);
      const { queue } = await asker.channel.assertQueue("", { exclusive: true });
      const answers = await asker.consume(queue);
      await Promise.all([one.subscribe(topic), two.subscribe(topic)]);

      await asker.publish("amq.topic", keyOf(topic), "question", { replyTo: queue });
      for (const answerer of [one, two]) {
        const { responseTopic = "" } = await answerer.arrivals.next();
        await answerer.publish(responseTopic, "answer", { qos: 1 });
      }

      expect((await answers.next()).body).toBe("answer");
      expect((await answers.next()).body).toBe("answer");
    },
  );

  test.concurrent(
    "§6 amqp → stomp1.2: reply_to a queue is /reply-queue/…, and SEND to it is accepted",
    async () => {
      const topic = freshTopic();
      const [asker, answerer] = await Promise.all([world.amqp(), world.stomp()]);
      const { queue } = await asker.channel.assertQueue("", { exclusive: true });
      const answers = await asker.consume(queue);
      const inbox = await answerer.subscribe(`/topic/${topic}`);

      await asker.publish("amq.topic", keyOf(topic), "question", { replyTo: queue, correlationId: "c 1" });
      const { headers } = await inbox.next();
      await answerer.send(headers["reply-to"] ?? "", "answer", {
        "correlation-id": headers["correlation-id"] ?? "",
      });

      expect(headers["reply-to"]).toBe(`/reply-queue/${queue}`);
      expect(await answers.next()).toMatchObject({ body: "answer", correlationId: "c 1" });
    },
  );

  test.concurrent("§6 amqp → stomp1.2: direct reply-to", async () => {
    const topic = freshTopic();
    const [asker, answerer] = await Promise.all([world.amqp(), world.stomp()]);
    const answers = await asker.consume("amq.rabbitmq.reply-to", { noAck: true });
    const inbox = await answerer.subscribe(`/topic/${topic}`);

    await asker.publish("amq.topic", keyOf(topic), "question", {
      replyTo: "amq.rabbitmq.reply-to",
      correlationId: "c 1",
    });
    const { headers } = await inbox.next();
    await answerer.send(headers["reply-to"] ?? "", "answer", {
      "correlation-id": headers["correlation-id"] ?? "",
    });

    expect(await answers.next()).toMatchObject({ body: "answer", correlationId: "c 1" });
  });

  test.concurrent("§6 amqp → amqp: direct reply-to", async () => {
    const topic = freshTopic();
    const [asker, answerer] = await Promise.all([world.amqp(), world.amqp()]);
    const answers = await asker.consume("amq.rabbitmq.reply-to", { noAck: true });
    const inbox = await answerer.subscribe(keyOf(topic));

    await asker.publish("amq.topic", keyOf(topic), "question", { replyTo: "amq.rabbitmq.reply-to" });
    const { replyTo = "" } = await inbox.next();
    await answerer.publish("", replyTo, "answer");

    expect(replyTo).not.toBe("amq.rabbitmq.reply-to");
    expect((await answers.next()).body).toBe("answer");
  });
});

describe("STOMP asks", () => {
  test.concurrent("§6 stomp1.2 → amqp: /temp-queue/ is a queue whose name is in reply_to", async () => {
    const topic = freshTopic();
    const [asker, answerer] = await Promise.all([world.rawStomp(), world.amqp()]);
    const inbox = await answerer.subscribe(keyOf(topic));

    asker.send(
      "SEND",
      [`destination:/topic/${topic}`, "reply-to:/temp-queue/mine", "correlation-id:c 1"],
      "question",
    );
    const { replyTo = "", correlationId = "" } = await inbox.next();
    await answerer.publish("", replyTo, "answer", { correlationId });

    const answer = await asker.frames.next();
    expect(answer).toMatchObject({ command: "MESSAGE", body: "answer" });
    expect(answer.lines).toContain("subscription:/temp-queue/mine");
    expect(answer.lines).toContain("correlation-id:c 1");
  });

  test.concurrent("§6 stomp1.2 → mqtt5: /temp-queue/ is a token", async () => {
    const topic = freshTopic();
    const [asker, answerer] = await Promise.all([world.rawStomp(), world.mqtt5()]);
    await answerer.subscribe(topic);

    asker.send(
      "SEND",
      [`destination:/topic/${topic}`, "reply-to:/temp-queue/mine", "correlation-id:c 1"],
      "question",
    );
    const { responseTopic = "", correlationData = "" } = await answerer.arrivals.next();
    await answerer.publish(responseTopic, "answer", { correlationData });

    expect(responseTopic).toMatch(/^\$reply\//);
    const answer = await asker.frames.next();
    expect(answer).toMatchObject({ command: "MESSAGE", body: "answer" });
    expect(answer.lines).toContain("correlation-id:c 1");
  });

  test.concurrent("§6 stomp1.2 → stomp1.2: /temp-queue/", async () => {
    const topic = freshTopic();
    const [asker, answerer] = await Promise.all([world.rawStomp(), world.stomp()]);
    const inbox = await answerer.subscribe(`/topic/${topic}`);

    asker.send("SEND", [`destination:/topic/${topic}`, "reply-to:/temp-queue/mine"], "question");
    await answerer.send((await inbox.next()).headers["reply-to"] ?? "", "answer");

    expect(await asker.frames.next()).toMatchObject({ command: "MESSAGE", body: "answer" });
  });

  test.concurrent("§6 stomp1.2 → mqtt5: reply-to:/topic/… is the Response Topic", async () => {
    const topic = freshTopic();
    const [asker, answerer] = await Promise.all([world.stomp(), world.mqtt5()]);
    const answers = await asker.subscribe(`/topic/answers.${keyOf(topic)}`);
    await answerer.subscribe(topic);

    await asker.send(`/topic/${topic}`, "question", {
      "reply-to": `/topic/answers.${keyOf(topic)}`,
      "correlation-id": "c 1",
    });
    const { responseTopic = "", correlationData = "" } = await answerer.arrivals.next();
    await answerer.publish(responseTopic, "answer", { correlationData });

    expect(responseTopic).toBe(`answers/${topic}`);
    expect(await answers.next()).toMatchObject({ body: "answer", headers: { "correlation-id": "c 1" } });
  });

  test.concurrent("§6 stomp1.2 → mqtt5: reply-to:/queue/… is a token", async () => {
    const topic = freshTopic();
    const [asker, answerer] = await Promise.all([world.stomp(), world.mqtt5()]);
    const answers = await asker.subscribe("/queue/answers-to-stomp");
    await answerer.subscribe(topic);

    await asker.send(`/topic/${topic}`, "question", { "reply-to": "/queue/answers-to-stomp" });
    const { responseTopic = "" } = await answerer.arrivals.next();
    await answerer.publish(responseTopic, "answer");

    expect(responseTopic).toMatch(/^\$reply\//);
    expect((await answers.next()).body).toBe("answer");
  });

  for (const [destination, replyTo] of [
    ["/queue/answers-for-stomp", "answers-for-stomp"],
    ["/topic/answers/for.stomp", "amq.gw.t.answers.for/stomp"],
    ["/topic/answers.dotted", "amq.gw.t.answers.dotted"],
  ] as const) {
    test.concurrent(`§6 stomp1.2 → amqp: reply-to:${destination} is ${replyTo}`, async () => {
      const topic = freshTopic();
      const [asker, answerer] = await Promise.all([world.stomp(), world.amqp()]);
      const answers = await asker.subscribe(destination);
      const inbox = await answerer.subscribe(keyOf(topic));

      await asker.send(`/topic/${topic}`, "question", { "reply-to": destination, "correlation-id": "c 1" });
      const question = await inbox.next();
      await answerer.publish("", question.replyTo ?? "", "answer", {
        correlationId: question.correlationId ?? "",
      });

      expect(question.replyTo).toBe(replyTo);
      expect(await answers.next()).toMatchObject({ body: "answer", headers: { "correlation-id": "c 1" } });
    });
  }
});
