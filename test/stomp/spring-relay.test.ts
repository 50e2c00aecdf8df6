import assert from "node:assert/strict";
import { createBroker, type RunningBroker } from "dragoman";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type RawFrame, RawStomp } from "../clients/raw-stomp.ts";

/** What a frame says, but for what the broker makes up. */
function said({ command, lines, body }: RawFrame): readonly string[] {
  const made = /^(?:session|server|message-id|ack):/;
  return [command, ...lines.filter((line) => !made.test(line)).toSorted(), body];
}

const connected = ["CONNECTED", "heart-beat:10000,10000", "version:1.2", ""];

/** As the relay logs in: its system connection, and each of its users with the same words. */
const login = [
  "accept-version:1.1,1.2",
  "login:guest",
  "passcode:guest",
  "heart-beat:10000,10000",
  "host:127.0.0.1",
];

let broker: RunningBroker;
let system: RawStomp;
let user: RawStomp;

beforeEach(async () => {
  broker = await createBroker();
  system = await RawStomp.open(broker.url("stomp"));
  user = await RawStomp.open(broker.url("stomp"));
  system.send("CONNECT", login);
  user.send("CONNECT", login);
  for (const { frames } of [system, user]) assert.deepEqual(said(await frames.next()), connected);
});

afterEach(async () => {
  system.close();
  user.close();
  await broker.close();
});

/**
 * The dialogue of Spring's StompBrokerRelayMessageHandler, as its documentation and its encoder describe it: one system
 * connection for what the application sends, one connection for each of its users, whose frames go through with
 * `/user/…` replaced by a queue of the session. `content-length` is on every SEND, "\n" between frames is a heart-beat.
 */
describe("the dialogue of Spring's broker relay, frame by frame", () => {
  it("brings what the application sends to a user's queue and to a broadcast", async () => {
    user.send("SUBSCRIBE", ["id:sub-0", "destination:/topic/price.stock.*", "receipt:s0"]);
    expect(said(await user.frames.next())).toEqual(["RECEIPT", "receipt-id:s0", ""]);
    user.send("SUBSCRIBE", [
      "id:sub-1",
      "destination:/queue/position-updates-user4fb2",
      "auto-delete:true",
      "receipt:s1",
    ]);
    expect(said(await user.frames.next())).toEqual(["RECEIPT", "receipt-id:s1", ""]);
    user.write("\n");
    system.write("\n");

    const own = ["content-type:application/json;charset=UTF-8", "content-length:11"];
    system.send(
      "SEND",
      [
        "destination:/queue/position-updates-user4fb2",
        "simpOrigDestination:/user/queue/position-updates",
        ...own,
      ],
      '{"price":1}',
    );
    expect(said(await user.frames.next())).toEqual([
      "MESSAGE",
      "content-length:11",
      "content-type:application/json;charset=UTF-8",
      "destination:/queue/position-updates-user4fb2",
      "redelivered:false",
      "simpOrigDestination:/user/queue/position-updates",
      "subscription:sub-1",
      '{"price":1}',
    ]);
    system.send("SEND", ["destination:/topic/price.stock.ACME", ...own], '{"price":2}');
    expect(said(await user.frames.next())).toEqual([
      "MESSAGE",
      "content-length:11",
      "content-type:application/json;charset=UTF-8",
      "destination:/topic/price.stock.ACME",
      "redelivered:false",
      "subscription:sub-0",
      '{"price":2}',
    ]);
  });

  it("brings what a user sends to the application's own subscriptions", async () => {
    system.send("SUBSCRIBE", ["id:0", "destination:/topic/unresolved-user-destination"]);
    system.send("SUBSCRIBE", ["id:1", "destination:/topic/simp-user-registry", "receipt:up"]);
    expect(said(await system.frames.next())).toEqual(["RECEIPT", "receipt-id:up", ""]);

    user.send("SEND", ["destination:/topic/simp-user-registry", "content-length:2", "receipt:r"], "{}");
    expect(said(await system.frames.next())).toEqual([
      "MESSAGE",
      "content-length:2",
      "destination:/topic/simp-user-registry",
      "redelivered:false",
      "subscription:1",
      "{}",
    ]);
    expect(said(await user.frames.next())).toEqual(["RECEIPT", "receipt-id:r", ""]);
  });

  it("redelivers what a user did not acknowledge, in a transaction that it gave up", async () => {
    user.send("SUBSCRIBE", ["id:sub-0", "destination:/queue/orders", "ack:client"]);
    user.send("SEND", ["destination:/queue/orders", "content-length:5"], "order");
    const first = await user.frames.next();
    user.send("BEGIN", ["transaction:tx1"]);
    user.send("ACK", [`id:${RawStomp.valuesOf(first, "ack")[0]}`, "transaction:tx1"]);
    user.close();
    await user.closed;
    system.send("SUBSCRIBE", ["id:9", "destination:/queue/orders"]);

    expect(said(await system.frames.next())).toEqual([
      "MESSAGE",
      "content-length:5",
      "destination:/queue/orders",
      "redelivered:true",
      "subscription:9",
      "order",
    ]);
  });

  it("answers DISCONNECT with its receipt and closes; the user's queue is gone", async () => {
    user.send("SUBSCRIBE", ["id:sub-1", "destination:/queue/errors-user4fb2", "auto-delete:true"]);
    user.send("UNSUBSCRIBE", ["id:sub-1"]);
    user.send("DISCONNECT", ["receipt:77"]);
    expect(said(await user.frames.next())).toEqual(["RECEIPT", "receipt-id:77", ""]);
    await user.closed;

    system.send("SUBSCRIBE", ["id:0", "destination:/amq/queue/errors-user4fb2", "receipt:gone"]);
    const error = await system.frames.next();
    expect(error.command).toBe("ERROR");
    expect(error.lines).toEqual(expect.arrayContaining(["message:not_found", "receipt-id:gone"]));
    await system.closed;
  });

  it("tells a user in ERROR what was wrong, and closes that connection alone", async () => {
    user.send("SEND", ["destination:/exchange/prices/acme", "content-length:0", "receipt:bad"]);
    const error = await user.frames.next();
    expect(error.command).toBe("ERROR");
    expect(error.lines).toEqual(expect.arrayContaining(["message:not_found", "receipt-id:bad"]));
    expect(error.body).toContain("no exchange 'prices'");
    await user.closed;

    system.send("SEND", ["destination:/topic/alive", "content-length:0", "receipt:still"]);
    const receipt = await system.frames.next();
    expect(said(receipt)).toEqual(["RECEIPT", "receipt-id:still", "routed:false", ""]);
  });
});
