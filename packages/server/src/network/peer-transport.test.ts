import type { Connection, Protocol, Transport } from "@dragoman/core";
import { openTestBroker } from "@dragoman/core/testing";
import { expect, it } from "vitest";
import { SILENT } from "../log.ts";
import { Flusher } from "./flusher.ts";
import { Peers } from "./peer.ts";
import { PeerTransport } from "./peer-transport.ts";
import type { Wire } from "./wire.ts";

/** A system that takes everything as soon as it is written. */
const bottomless: Wire = {
  keepsText: false,
  queuedBytes: 0,
  open: () => {},
  write: () => {},
  pause: () => {},
  resume: () => {},
  finish: () => {},
  destroy: () => {},
};

it("says that much has left also when the system has taken it at once", async () => {
  const { broker } = await openTestBroker();
  const told: number[] = [];
  const flusher = new Flusher();
  const household = { broker, flusher, peers: new Peers(), log: SILENT };
  const protocol: Protocol = {
    name: "test",
    subprotocols: [],
    recognises: () => "yes",
    accept: (transport: Transport): Connection => ({
      receive: (chunk) => transport.send(chunk),
      tick: () => {},
      drained: () => void told.push(transport.bufferedBytes),
      closed: () => {},
      shutdown: () => {},
    }),
  };
  const address = { peer: "127.0.0.1:1", isLoopback: true, certifiedName: undefined };
  const transport = new PeerTransport(bottomless, address, protocol, household);

  transport.received(Buffer.alloc(1000));
  transport.flush();
  transport.received(Buffer.alloc(100_000));
  transport.flush();

  expect(told).toEqual([0]);
  await household.peers.shutdown(0);
});
