import { openTestBroker } from "@dragoman/core/testing";
import { expect, test } from "vitest";
import { targetOf } from "../translation/topic-address.ts";
import { Mounts } from "../translation/mounts.ts";
import { toMessage } from "../translation/inbound-message.ts";
import { SessionState } from "./session-state.ts";
import { Transit } from "./transit.ts";

test("an identifier is not given again before its flow is complete, over the whole range [MQTT-2.2.1-4]", async () => {
  const { broker } = await openTestBroker();
  const vhost = broker.virtualHost("/");
  const publisher = {
    protocol: "mqtt",
    version: "5.0",
    connectionId: "1",
    clientId: "a",
    user: "u",
    peer: "p",
  };
  const target = targetOf("a", vhost, {}, new Mounts([]));
  const context = { version: 5, publisher, target, nowMs: 0 } as const;
  const message = toMessage({ payload: Buffer.of(), qos: 1, retain: false }, Buffer.of(), undefined, context);
  const holder = { takenOver: (): void => undefined };
  const { session } = vhost.sessions.open("mqtt.a", holder, { resume: false, expiryMs: 0 });
  const state = new SessionState(session);
  const open = new Set([1, 2, 500, 65_535]);
  for (const packetId of open) {
    state.transits.add(
      new Transit({
        packetId,
        qos: 1,
        message,
        subscriptions: [],
        delivery: undefined,
        phase: "published",
        wasSent: true,
      }),
    );
  }

  const claim = (): number => state.claimPacketId(message, 1, undefined, vhost.sessions).packetId;
  const given = Array.from({ length: 65_531 }, claim);

  expect(given.some((packetId) => open.has(packetId) || packetId < 1 || packetId > 65_535)).toBe(false);
  expect(new Set(given).size).toBe(65_531);
  expect(claim()).toBe(3);
});
