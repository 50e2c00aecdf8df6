import { expect, test } from "vitest";
import { MemoryTransport } from "./index.ts";

test("a transport keeps a copy of what was sent, until it ends", () => {
  const transport = new MemoryTransport();
  const bytes = Buffer.from("abc");
  transport.send(bytes);
  bytes.fill(0);
  expect([transport.take().toString(), transport.take().length]).toEqual(["abc", 0]);
  transport.pause();
  expect(transport.isPaused).toBe(true);
  transport.resume();
  transport.end();
  transport.send(bytes);
  expect([transport.isPaused, transport.state, transport.take().length]).toEqual([false, "ended", 0]);
  transport.destroy();
  transport.end();
  expect(transport.state).toBe("destroyed");
});
