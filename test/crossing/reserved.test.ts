import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshTopic, publishBy, subscribeAt } from "./cross.ts";
import { amqp, mqtt3, mqtt5, type Sent, stomp } from "./cell.ts";
import { World } from "./world.ts";

let world: World;

beforeAll(async () => {
  world = await World.start();
});
afterAll(async () => {
  await world.stop();
});

const NAMES = ["x-publisher-id", "x-publisher-user", "x-publisher-protocol"];

/** The headers of an arrival, whichever protocol it came by. */
function headersOf(arrival: Readonly<Record<string, unknown>>): object {
  const { headers, userProperties } = arrival;
  if (typeof headers === "object" && headers !== null) return headers;
  return typeof userProperties === "object" && userProperties !== null ? userProperties : arrival;
}

const forged = Object.fromEntries(NAMES.map((name) => [name, "forged"]));

/** Claims to be another in the publisher's own words. */
const PUBLISHERS: readonly { readonly sent: Sent; readonly protocol: string; readonly user: string }[] = [
  { sent: mqtt5({ userProperties: forged }), protocol: "mqtt", user: "anonymous" },
  { sent: mqtt3({}), protocol: "mqtt", user: "anonymous" },
  { sent: stomp(forged), protocol: "stomp", user: "guest" },
  { sent: amqp({ headers: forged }), protocol: "amqp", user: "guest" },
];

describe("who published", () => {
  for (const { sent, protocol, user } of PUBLISHERS) {
    for (const at of ["mqtt5", "stomp1.2", "amqp"] as const) {
      const isSame = at.startsWith(protocol);
      const what = isSame
        ? "nothing is added or stripped within a protocol"
        : "is added and overwrites what is claimed";
      test.concurrent(`§10 ${sent.by} → ${at}: ${what}`, async () => {
        const topic = freshTopic();
        const next = await subscribeAt(world, at, topic);

        await publishBy(world, topic, sent, "x");

        const headers = headersOf(await next());
        if (!isSame) {
          expect(headers).toMatchObject({
            "x-publisher-id": expect.toSatisfy(
              (id) => typeof id === "string" && id !== "" && id !== "forged",
            ),
            "x-publisher-user": user,
            "x-publisher-protocol": protocol,
          });
        } else if (sent.by === "mqtt3.1.1") {
          for (const name of NAMES) expect(headers).not.toHaveProperty([name]);
        } else {
          expect(headers).toMatchObject(forged);
        }
      });
    }
  }

  test.concurrent("§10 mqtt5 → amqp, stomp1.2: x-publisher-id is the client identifier", async () => {
    const topic = freshTopic();
    const publisher = await world.mqtt5({ clientId: "sensor-7", username: "guest", password: "guest" });
    const atAmqp = await subscribeAt(world, "amqp", topic);
    const atStomp = await subscribeAt(world, "stomp1.2", topic);

    await publisher.publish(topic, "x");

    const who = { "x-publisher-id": "sensor-7", "x-publisher-user": "guest", "x-publisher-protocol": "mqtt" };
    expect(headersOf(await atAmqp())).toMatchObject(who);
    expect(headersOf(await atStomp())).toMatchObject(who);
  });
});

describe("names that are refused", () => {
  test.concurrent("§10 amqp: declaring a queue amq.*", async () => {
    const channel = await (await world.amqp()).openChannel();

    await expect(channel.assertQueue("amq.mine")).rejects.toThrow(/403/);
  });

  test.concurrent("§10 stomp1.2: SUBSCRIBE that would declare a queue amq.*", async () => {
    const raw = await world.rawStomp();

    raw.send("SUBSCRIBE", ["id:1", "destination:/queue/amq.mine"]);

    expect((await raw.frames.next()).command).toBe("ERROR");
  });

  for (const topic of ["$SYS", "$SYS/broker/uptime", "$reply/unknown-token", "$reply/"]) {
    test.concurrent(`§10 mqtt5: PUBLISH to ${topic}`, async () => {
      const mqtt = await world.mqtt5();

      void mqtt.publish(topic, "x", { qos: 1 }).catch(() => {});

      const { reasonCode = 0 } = await mqtt.packets.next(
        ({ cmd }) => cmd === "puback" || cmd === "disconnect",
      );
      expect(reasonCode).toBeGreaterThanOrEqual(0x80);
    });
  }
});

describe("routing headers from where they are data", () => {
  for (const by of ["mqtt5", "stomp1.2"] as const) {
    test.concurrent(`§10 ${by} → amqp: CC and BCC do not route`, async () => {
      const topic = freshTopic();
      const copies = await subscribeAt(world, "amqp", `${topic}/copy`);
      const next = await subscribeAt(world, "amqp", topic);
      const claimed = { CC: `${topic}/copy`.replaceAll("/", "."), BCC: `${topic}/copy`.replaceAll("/", ".") };
      const sent = by === "mqtt5" ? mqtt5({ userProperties: claimed }) : stomp(claimed);

      await publishBy(world, topic, sent, "claims");
      await publishBy(world, `${topic}/copy`, amqp({}), "the only one");

      expect(headersOf(await next())).toMatchObject(claimed);
      expect((await copies()).body).toBe("the only one");
    });

    test.concurrent(`§10 ${by} → amqp: x-death is data`, async () => {
      const topic = freshTopic();
      const next = await subscribeAt(world, "amqp", topic);
      const claimed = { "x-death": "[]" };

      await publishBy(
        world,
        topic,
        by === "mqtt5" ? mqtt5({ userProperties: claimed }) : stomp(claimed),
        "x",
      );

      expect(headersOf(await next())).toMatchObject(claimed);
    });
  }
});
