import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";

const home = "protocols/mqtt";

/** A row of the table: a statement, and where its test is. */
interface Row {
  readonly statement: string;
  readonly file: string | undefined;
  readonly result: string;
}

/** The rows of each standard, by its title. */
function readTable(): Map<string, readonly Row[]> {
  const sections = readFileSync(join(home, "CONFORMANCE.md"), "utf8").split(/^## /m).slice(1);
  return new Map(
    sections.map((section) => {
      const rows = [...section.matchAll(/^\| MQTT-([\d.]+-\d+) \| (?:`([^`]+)`)?.*\| ([^|]+) \|$/gm)];
      const title = section.slice(0, section.indexOf("\n"));
      return [title, rows.map(([, statement = "", file, result = ""]): Row => ({ statement, file, result }))];
    }),
  );
}

/** The text of a test and of the tables of vectors beside it, from which its tests may have their names. */
function sourceOf(file: string): string {
  const path = join(home, "src", file);
  if (!existsSync(path)) return "";
  const directory = dirname(path);
  const vectors = readdirSync(directory).filter((name) => name.endsWith(".vectors.ts"));
  return [path, ...vectors.map((name) => join(directory, name))]
    .map((name) => readFileSync(name, "utf8"))
    .join("\n");
}

/** What 3.1.1 and 5.0 ask for under the same number is cited once, by that. */
const alikeInBoth: ReadonlySet<string> = new Set(
  [
    "3.1.0-1 3.1.0-2 3.1.2-1 3.1.2-2 3.1.2-3 3.1.2-8 3.1.2-10 3.1.3-1 3.1.3-2",
    "3.1.3-3 3.1.3-4 3.1.3-5 3.1.3-6 3.2.0-1 3.3.1-1 3.3.1-2 3.3.1-3 3.3.1-4",
    "3.3.2-1 3.3.2-2 3.3.2-3 3.3.4-1 3.6.1-1 3.8.1-1 3.8.3-1 3.8.4-1 3.8.4-2",
    "3.8.4-3 3.10.1-1 3.10.3-1 3.10.3-2 3.12.4-1 4.4.0-1 4.5.0-1 4.6.0-1 4.6.0-5",
    "4.6.0-6 4.7.1-1 4.7.1-2 4.7.2-1",
  ]
    .join(" ")
    .split(" "),
);

/** The statements that the package's code cites. Those behind "MQTT 3.1.1" are of that standard. */
function readCitations(): Map<string, ReadonlySet<string>> {
  const [five, four] = [new Set<string>(), new Set<string>()];
  const code = readdirSync(join(home, "src"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !/\.(test|vectors|arbitraries)\.ts$|^testing/.test(name))
    .map((name) => readFileSync(join(home, "src", name), "utf8"));
  // A comment may be broken anywhere between identifiers.
  const text = code.join("\n").replaceAll(/\s*\n\s*(?:\*|\/\/)\s?/g, " ");
  for (const [run] of text.matchAll(/(?:MQTT 3\.1\.1 )?\[MQTT-[^\]]+\](?:[,:]?\s*\[MQTT-[^\]]+\])*/g)) {
    const cited = run.startsWith("MQTT 3.1.1") ? four : five;
    for (const [, statement = ""] of run.matchAll(/\[MQTT-([\d.]+-\d+)\]/g)) cited.add(statement);
  }
  return new Map([
    ["MQTT 5.0", five],
    ["MQTT 3.1.1", new Set([...four, ...[...five].filter((statement) => alikeInBoth.has(statement))])],
  ]);
}

describe.each([...readTable()])("the table of %s", (title, rows) => {
  test("has each statement once, none of them failing or without an answer", () => {
    expect(rows.length).toBeGreaterThan(100);
    expect(new Set(rows.map(({ statement }) => statement)).size).toBe(rows.length);
    expect(rows.filter(({ result }) => result !== "passes" && result !== "–")).toEqual([]);
  });

  test("has no statement that binds a server and is cited at no line of the code", () => {
    const cited = readCitations().get(title);
    const binding = rows.filter(({ file }) => file !== undefined);
    expect(binding.length).toBeGreaterThan(100);
    expect(binding.filter(({ statement }) => cited?.has(statement) !== true)).toEqual([]);
  });

  test("names tests that are there and carry the statement", () => {
    const missing = rows.filter(
      ({ statement, file }) => file !== undefined && !sourceOf(file).includes(`MQTT-${statement}]`),
    );
    expect(missing).toEqual([]);
  });
});
