import { describe, expect, it } from "vitest";
import { stompProtocol } from "./protocol.ts";

describe("recognising STOMP by its first bytes", () => {
  it.each<[string, "yes" | "no" | "unclear"]>([
    ["CONNECT\naccept-version:1.2\n\n\0", "yes"],
    ["CONNECT\r\n", "yes"],
    ["STOMP\n", "yes"],
    ["STOMP\r\n", "yes"],
    ["\n\r\nSTOMP\n", "yes"],
    ["", "unclear"],
    ["\n", "unclear"],
    ["S", "unclear"],
    ["CONNECT", "unclear"],
    ["CONNECT\r", "unclear"],
    ["STOMP\r", "unclear"],
    ["CONNECT example.org:443 HTTP/1.1\r\n", "no"],
    ["SEND\n", "no"],
    ["GET / HTTP/1.1\r\n", "no"],
    ["AMQP\0\0\x09\x01", "no"],
    ["\x10\x0c\0\x04MQTT", "no"],
    ["connect\n", "no"],
  ])("%j: %s", (bytes, verdict) => {
    expect(stompProtocol().recognises(Buffer.from(bytes, "latin1"))).toBe(verdict);
  });

  it("offers the three versions over WebSocket, the best first", () => {
    expect(stompProtocol().subprotocols).toEqual(["v12.stomp", "v11.stomp", "v10.stomp"]);
  });
});
