import { FakeClock, MemoryTransport } from "@dragoman/core/testing";
import { describe, expect, it } from "vitest";
import { Outbox } from "./outbox.ts";

/** Writes down each piece that is handed over. */
class PieceTransport extends MemoryTransport {
  readonly pieces: string[] = [];

  override send(bytes: Uint8Array, isText?: boolean): void {
    this.pieces.push(`${isText === true ? "text" : "bytes"} ${bytes.length}`);
    this.bufferedBytes += bytes.length;
  }
}

/** As TCP is. */
class PlainTransport extends PieceTransport {
  override readonly keepsText = false;
}

function open(): { readonly transport: PieceTransport; readonly outbox: Outbox } {
  const transport = new PieceTransport();
  return { transport, outbox: new Outbox(transport, new FakeClock(), 1_000_000) };
}

describe("an outbox", () => {
  it("hands over in one piece what was written in one turn", async () => {
    const { transport, outbox } = open();
    for (let i = 0; i < 100; i++) outbox.send(Buffer.alloc(100), true);
    expect(transport.pieces).toEqual([]);
    await Promise.resolve();
    expect(transport.pieces).toEqual(["text 10000"]);
  });

  it("hands over a piece that has become large, and large bytes by themselves, in order", async () => {
    const { transport, outbox } = open();
    for (let i = 0; i < 7; i++) outbox.send(Buffer.alloc(10_000), true);
    outbox.send(Buffer.alloc(20_000), true);
    await Promise.resolve();
    expect(transport.pieces).toEqual(["text 60000", "text 10000", "text 20000"]);
  });

  it("keeps text and other bytes apart", async () => {
    const { transport, outbox } = open();
    for (const isText of [true, true, false, true]) outbox.send(Buffer.alloc(1), isText);
    await Promise.resolve();
    expect(transport.pieces).toEqual(["text 2", "bytes 1", "text 1"]);
  });

  it("joins them where they travel in the same way", async () => {
    const transport = new PlainTransport();
    const outbox = new Outbox(transport, new FakeClock(), 1_000_000);
    for (const isText of [true, false, true]) outbox.send(Buffer.alloc(1), isText);
    await Promise.resolve();
    expect(transport.pieces).toEqual(["text 3"]);
  });

  it("closes its window while more waits than the transport should hold, and opens it when that has left", () => {
    const { transport, outbox } = open();
    transport.bufferedBytes = 250_000;
    outbox.send(Buffer.alloc(10_000), true);
    expect(outbox.window.isOpen).toBe(true);
    outbox.send(Buffer.alloc(10_000), true);
    expect(outbox.window.isOpen).toBe(false);

    outbox.flush();
    outbox.drained();
    expect(outbox.window.isOpen).toBe(false);
    transport.bufferedBytes = 0;
    outbox.drained();
    expect(outbox.window.isOpen).toBe(true);
  });

  it("counts what has gathered as waiting for the peer", () => {
    const { transport, outbox } = open();
    transport.bufferedBytes = 999_999;
    expect(outbox.isOverfull).toBe(false);
    outbox.send(Buffer.alloc(2), true);
    expect(outbox.isOverfull).toBe(true);
  });
});
