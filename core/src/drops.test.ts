import { expect, test } from "vitest";
import { Drops } from "./drops.ts";

test("losses are counted by their reason", () => {
  const drops = new Drops();
  drops.count("expired");
  drops.count("expired", 2);
  drops.count("purged", 5);
  expect([drops.of("expired"), drops.of("purged"), drops.of("overflow")]).toEqual([3, 5, 0]);
  expect(Object.fromEntries(drops.all())).toEqual({ expired: 3, purged: 5 });
});
