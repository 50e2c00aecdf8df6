import type { ErrorCode } from "@dragoman/core";
import { expect, test } from "vitest";
import { refusedConnects } from "../codec/refused-connect.vectors.ts";
import { refusedPublishes } from "../codec/refused-publish.vectors.ts";
import { refusedSubscribes } from "../codec/refused-subscribe.vectors.ts";
import { settle, TestClient } from "../testing/test-client.ts";
import { connected, startServer } from "../testing/test-server.ts";

const reasons: Partial<Record<ErrorCode, number>> = {
  malformed: 0x81,
  "protocol-violation": 0x82,
  unsupported: 0x84,
  "too-large": 0x95,
};

/** A CONNECT with another fixed header or name could be of any version: nobody can say in which words to answer. */
const isUnreadable = (wire: string): boolean => !/^10 ?[\da-f]{2} ?0004 ?4d515454/.test(wire);

/** A CONNACK is refused for coming from a client, whatever is wrong in it. */
const fromClients = refusedConnects.filter(([name]) => !name.startsWith("CONNACK"));

test.each([...fromClients, ...refusedPublishes, ...refusedSubscribes])(
  "%s (MQTT level %i) is told where it can be, and ends this connection alone",
  async (_name, version, wire, code) => {
    const server = await startServer({ maxPacketBytes: 1_048_576 });
    const other = await connected(server, { clientId: "other" });
    const isConnect = wire.startsWith("1");
    const client = isConnect ? new TestClient(server, version) : await connected(server, {}, version);
    client.sendHex(wire);
    await settle();

    const packets = client.take();
    expect(client.isEnded).toBe(true);
    if (version !== 5 || (isConnect && isUnreadable(wire))) expect(packets.length).toBeLessThan(2);
    else
      expect(packets).toMatchObject([{ type: isConnect ? "connack" : "disconnect", reason: reasons[code] }]);
    client.connection.closed();
    other.send({ type: "pingreq" });
    expect(other.take()).toEqual([{ type: "pingresp" }]);
    expect(server.broker.clients.size).toBe(1);
  },
);
