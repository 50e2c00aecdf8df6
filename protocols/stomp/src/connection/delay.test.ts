import { describe, expect, it } from "vitest";
import { bodies, TestBroker } from "../testing/test-client.ts";

describe("a delayed message", () => {
  it.each(["x-delay", "AMQ_SCHEDULED_DELAY", "AMQ_SCHEDULED_TIME"])(
    "%s routes a message later",
    async (name) => {
      const broker = await TestBroker.open();
      const client = await broker.connect();
      await client.confirm("SUBSCRIBE", { id: "1", destination: "/queue/q" });
      const value = name === "AMQ_SCHEDULED_TIME" ? broker.clock.now() + 5_000 : 5_000;
      expect(await client.confirm("SEND", { destination: "/queue/q", [name]: value }, "later")).toEqual([]);
      broker.clock.advance(4_999);
      expect(await client.take()).toEqual([]);
      broker.clock.advance(2);

      expect(bodies(await client.take())).toEqual(["later"]);
    },
  );
});
