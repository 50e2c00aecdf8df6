import { LETTERS } from "../clients/parcel.ts";
import type { Reporter, TestCase, TestModule } from "vitest/node";

interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

interface Arrival {
  readonly from: string;
  readonly to: string;
  /** Letters of what arrived; begins with ✗ when something is not as it was sent. */
  readonly what: string;
}

declare module "vitest" {
  interface TaskMeta {
    /** One line of the table of what arrived. */
    arrived?: Arrival[];
  }
}

/**
 * Counts the cells of the crossing tests by section of mapping.md and prints them as Markdown, with what
 * failed, what is not run and why, and the table of what arrived between all clients:
 *
 *     npx vitest run test/crossing --reporter=./test/crossing/reporter.ts
 */
export default class CellReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const lines = [
      ...counts(tests),
      ...reasons("Failed", tests, "failed"),
      ...reasons("Not run, with the reason", tests, "skipped"),
      ...arrivals(tests),
      ...modules.flatMap((module) =>
        module.errors().map(({ message }) => `Error in ${module.moduleId}: ${message}`),
      ),
    ];
    process.stdout.write(`${lines.join("\n")}\n`);
  }
}

function counts(tests: readonly TestCase[]): string[] {
  const sections = new Map<string, Count>();
  const total: Count = { passed: 0, failed: 0, skipped: 0 };
  for (const test of tests) {
    const section = /^§[\d.]+/.exec(test.name)?.[0] ?? /^[^:]+/.exec(test.name)?.[0] ?? "other";
    const count = sections.get(section) ?? { passed: 0, failed: 0, skipped: 0 };
    sections.set(section, count);
    const { state } = test.result();
    if (state === "pending") continue;
    count[state] += 1;
    total[state] += 1;
  }
  const line = (name: string, { passed, failed, skipped }: Count): string =>
    `| ${name} | ${passed + failed + skipped} | ${passed} | ${failed} | ${skipped} |`;
  const bySection = [...sections].toSorted(([a], [b]) => a.localeCompare(b, "en", { numeric: true }));
  return [
    "| mapping.md | cells | passed | failed | not run |",
    "|---|---|---|---|---|",
    ...bySection.map(([section, count]) => line(section, count)),
    line("all", total),
    "",
  ];
}

function reasons(heading: string, tests: readonly TestCase[], state: "failed" | "skipped"): string[] {
  const found = tests.flatMap((test) => {
    const result = test.result();
    if (result.state !== state) return [];
    const why =
      result.state === "skipped" ? result.note : result.errors?.map(({ message }) => message).join("; ");
    return [`- ${test.name}: ${(why ?? "").replaceAll(/\s+/g, " ").slice(0, 400)}`];
  });
  return found.length === 0 ? [] : [`${heading}:`, "", ...found, ""];
}

/** Publishers down, subscribers across. */
function arrivals(tests: readonly TestCase[]): string[] {
  const cells = tests.flatMap((test) => test.meta().arrived ?? []);
  if (cells.length === 0) return [];
  const publishers = [...new Set(cells.map(({ from }) => from))];
  const subscribers = [...new Set(cells.map(({ to }) => to))];
  const whatOf = (from: string, to: string): string =>
    cells.find((cell) => cell.from === from && cell.to === to)?.what ?? "–";
  return [
    `Arrived as sent: ${Object.entries(LETTERS)
      .map(([name, letter]) => `${letter} ${name}`)
      .join(", ")}.`,
    "A letter is missing where one of the two programs cannot say or show that part.",
    "",
    ...pairs(cells),
    `| published by ↓ received by → | ${subscribers.join(" | ")} |`,
    `|---|${subscribers.map(() => "---|").join("")}`,
    ...publishers.map((from) => `| ${from} | ${subscribers.map((to) => whatOf(from, to)).join(" | ")} |`),
    "",
  ];
}

/** How many pairs of clients got through, of each pair of protocols. */
function pairs(cells: readonly Arrival[]): string[] {
  const protocols = [...new Set(cells.map(({ from }) => protocolOf(from)))];
  const count = (from: string, to: string): string => {
    const those = cells.filter((cell) => protocolOf(cell.from) === from && protocolOf(cell.to) === to);
    return `${those.filter(({ what }) => !what.startsWith("✗")).length} of ${those.length}`;
  };
  return [
    `| pairs of clients | ${protocols.map((to) => `→ ${to}`).join(" | ")} |`,
    `|---|${protocols.map(() => "---|").join("")}`,
    ...protocols.map((from) => `| ${from} → | ${protocols.map((to) => count(from, to)).join(" | ")} |`),
    "",
  ];
}

function protocolOf(name: string): string {
  return name.split(" ")[0] ?? name;
}
