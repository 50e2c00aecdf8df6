import { createBroker } from "dragoman";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ProgramRunner } from "./program-runner.ts";
import { program } from "./random-program.ts";

/**
 * The other broker, such as RabbitMQ: `PEER_AMQP_URL=amqp://127.0.0.1:5672 npx vitest run
 * test/amqp/differential.test.ts`, with `PROGRAMS` and `SEED` if wanted. `AMQP_URL` names a broker of ours that
 * runs already. Without another broker ours is compared with itself, which shows that programs can be repeated.
 */
const PEER = process.env["PEER_AMQP_URL"];
const PROGRAMS = Number(process.env["PROGRAMS"] ?? (PEER === undefined ? 5 : 200));
const SEED = Number(process.env["SEED"] ?? 1);

describe("random programs of declares, binds, publishes, gets, acknowledgements", () => {
  test("are answered by both brokers alike", { timeout: 600_000 }, async () => {
    const broker = await createBroker({ listeners: [{ port: 0 }] });
    const ours = await ProgramRunner.open(process.env["AMQP_URL"] ?? broker.url("amqp"));
    const theirs = await ProgramRunner.open(PEER ?? broker.url("amqp"));
    try {
      await fc.assert(
        fc.asyncProperty(program, async (steps) => {
          // One after the other: without a peer both are the same broker.
          const want = await theirs.run(steps);
          expect(await ours.run(steps)).toEqual(want);
        }),
        { numRuns: PROGRAMS, seed: SEED, endOnFailure: process.env["SHRINK"] === undefined },
      );
    } finally {
      await ours.close();
      await theirs.close();
      await broker.close();
    }
  });
});
