import { createBroker } from "dragoman";
import { expect, test } from "vitest";
import { replay } from "./replay.ts";

/** `REPLAY_MESSAGES=1000000 npx vitest run test/amqp/replay.test.ts` shows what so many take. */
const COUNT = Number(process.env["REPLAY_MESSAGES"] ?? 2_000);

test(
  "a stream is replayed whole from the start, from an offset and from a time",
  { timeout: 600_000 },
  async () => {
    const broker = await createBroker({ listeners: [{ port: 0 }] });
    try {
      const { published, ...readings } = await replay(process.env["AMQP_URL"] ?? broker.url("amqp"), COUNT);

      if (COUNT > 2_000) console.log({ published, ...readings });
      const half = { count: COUNT / 2, first: COUNT / 2, last: COUNT - 1, isGapless: true };
      expect(readings).toMatchObject({
        fromFirst: { count: COUNT, first: 0, last: COUNT - 1, isGapless: true },
        fromOffset: half,
        fromTime: half,
      });
    } finally {
      await broker.close();
    }
  },
);
