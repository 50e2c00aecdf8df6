import type { Authority } from "../authority.ts";
import { OPEN_AUTHORITY } from "../authority.ts";
import { Broker } from "../broker.ts";
import type { Engine } from "../engine.ts";
import { MemoryEngine } from "../memory-engine.ts";
import type { Paging } from "../paging.ts";
import type { PropertyCodec } from "../properties.ts";
import { FakeClock } from "./fake-clock.ts";

/** An open broker on a fake clock and, unless another is given, an engine in memory. */
export async function openTestBroker(
  options: {
    readonly clock?: FakeClock;
    readonly engine?: Engine;
    readonly authority?: Authority;
    readonly propertyCodecs?: readonly PropertyCodec[];
    readonly maxMessageBytes?: number;
    readonly paging?: Paging;
  } = {},
): Promise<{ readonly broker: Broker; readonly clock: FakeClock }> {
  const clock = options.clock ?? new FakeClock();
  const broker = new Broker(
    {
      clock,
      engine: options.engine ?? new MemoryEngine(),
      authority: options.authority ?? OPEN_AUTHORITY,
      propertyCodecs: options.propertyCodecs ?? [],
    },
    { maxMessageBytes: options.maxMessageBytes ?? 16 * 1024 * 1024, paging: options.paging },
  );
  await broker.open();
  return { broker, clock };
}
