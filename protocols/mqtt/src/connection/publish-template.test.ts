import { ByteWriter, Message, TOPIC_SPACE, Topic } from "@dragoman/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeProperties } from "../codec/properties.ts";
import { encodePublish } from "../codec/publish.ts";
import { MQTT_5_PROPERTIES } from "../translation/property-codec.ts";
import { PublishTemplate } from "./publish-template.ts";

const publisher = { protocol: "mqtt", version: "5.0", connectionId: "", clientId: "", user: "", peer: "" };

const body = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constant(new Uint8Array(20_000)));
const sending = fc.record({ packetId: fc.integer({ min: 1, max: 65_535 }), dup: fc.boolean() });

test("a template writes what the codec writes", () => {
  const like = fc.record({
    version: fc.constantFrom(3 as const, 4 as const, 5 as const),
    topic: fc.constantFrom("a", "ä/ö", "t".repeat(200)),
    qos: fc.constantFrom(1 as const, 2 as const),
    retain: fc.boolean(),
    contentType: fc.constantFrom(undefined, "text/plain", "t".repeat(200)),
  });
  fc.assert(
    fc.property(like, fc.tuple(body, body), fc.tuple(sending, sending), (each, bodies, sendings) => {
      const { version, topic, qos, retain, contentType } = each;
      const properties =
        version === 5 && contentType !== undefined ? encodeProperties({ contentType }) : noBytes;
      const packets = bodies.map((payload, i) =>
        encodePublish(
          { type: "publish", topic, qos, retain, properties, payload, ...at(sendings, i) },
          version,
        ),
      );
      const shared = { exchange: TOPIC_SPACE, topic: new Topic(topic), publisher, durable: true };
      const first = new Message({
        ...shared,
        codec: MQTT_5_PROPERTIES,
        raw: properties,
        body: bodies[0],
        receivedAtMs: 0,
      });
      const second = new Message({ body: bodies[1], receivedAtMs: 0 }, first.head);
      const subscriptions = [{ qos, retainAsPublished: retain }];
      const own = { qos, subscriptions };
      const template = new PublishTemplate(at(packets, 0), first, { ...own, ...sendings[0] });

      expect(template.fits(second, { ...own, ...sendings[1] })).toBe(true);
      const writer = new ByteWriter();
      template.write(writer, second, { ...own, ...sendings[1] }, template.byteCount(second));
      expect(writer.finish().equals(at(packets, 1))).toBe(true);
    }),
  );
});

const noBytes = new Uint8Array();

function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new Error("no such item");
  return item;
}
