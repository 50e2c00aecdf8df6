import type { PartialConfiguration } from "./configuration.ts";
import type { Fault } from "./fault.ts";
import { readFileText } from "./file.ts";

/** What is wrong with options that a program gave: the same rules hold for them as for the file. */
export function checkOptions(options: PartialConfiguration): readonly Fault[] {
  const { faults } = readFileText(JSON.stringify(options), "options");
  return faults.map(({ what }) => ({ where: "options", what }));
}
