import { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { lineProtocol } from "../testing/line-protocol.ts";
import { type Candidate, HTTP, Reception } from "./reception.ts";
import { recognise, recognisesHttp } from "./recognition.ts";

const mqtt = lineProtocol("mqtt");
const candidates: readonly Candidate[] = [mqtt, HTTP];

/** A reception over a socket that leads nowhere: the test speaks for the peer. */
function receive(fallback?: Candidate): {
  readonly reception: Reception;
  readonly socket: Socket;
  readonly introduced: (readonly [name: string, first: string])[];
} {
  const socket = new Socket();
  const introduced: [string, string][] = [];
  const reception = new Reception(socket, {
    candidates,
    fallback,
    timeoutMs: 10_000,
    introduced: (candidate, first) => void introduced.push([candidate.name, first.toString()]),
    gone: () => undefined,
  });
  return { reception, socket, introduced };
}

describe("a reception", () => {
  it("hands over everything that was read when the protocol is known", () => {
    const { socket, introduced } = receive();

    for (const piece of ["m", "qt", "t!rest"]) socket.emit("data", Buffer.from(piece));

    expect(introduced).toStrictEqual([["mqtt", "mqtt!rest"]]);
    expect([socket.listenerCount("data"), socket.listenerCount("close")]).toStrictEqual([0, 0]);
  });

  it("cuts off a peer that says nothing in time", () => {
    const { reception, socket } = receive();

    reception.tick(Date.now() + 9000);
    expect(socket.destroyed).toBe(false);
    reception.tick(Date.now() + 10_000);

    expect(socket.destroyed).toBe(true);
  });

  it("cuts off a peer whose first bytes no protocol knows, unless one of them is to answer", () => {
    const without = receive();
    const withFallback = receive(mqtt);

    for (const { socket } of [without, withFallback]) socket.emit("data", Buffer.from("SSH-2.0"));

    expect(without.socket.destroyed).toBe(true);
    expect(withFallback.introduced).toStrictEqual([["mqtt", "SSH-2.0"]]);
  });

  it("cuts off a peer that leaves, and one that the broker's end surprises", () => {
    const leaving = receive();
    const surprised = receive();

    leaving.socket.emit("end");
    surprised.reception.shutdown();

    expect([leaving.socket.destroyed, surprised.socket.destroyed]).toStrictEqual([true, true]);
  });
});

describe("recognition", () => {
  it("does not wait for ever for a protocol that cannot decide", () => {
    const undecided = { recognises: () => "unclear" as const };

    expect(recognise(Buffer.alloc(63), [undecided])).toBe("unclear");
    expect(recognise(Buffer.alloc(64), [undecided])).toBe("unknown");
  });

  it.each([
    ["", "unclear"],
    ["P", "unclear"],
    ["PO", "unclear"],
    ["GET ", "yes"],
    ["GET /", "yes"],
    ["OPTIONS * HTTP/1.1", "yes"],
    ["GETX", "no"],
    ["CONNECT\n", "no"],
    ["\u0010", "no"],
  ])("sees %j as HTTP: %s", (text, want) => {
    expect(recognisesHttp(Buffer.from(text))).toBe(want);
  });
});
