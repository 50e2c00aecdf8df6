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

describe.each([...readTable()])("the table of %s", (_title, rows) => {
  test("has each statement once, none of them failing or without an answer", () => {
    expect(rows.length).toBeGreaterThan(100);
    expect(new Set(rows.map(({ statement }) => statement)).size).toBe(rows.length);
    expect(rows.filter(({ result }) => result !== "passes" && result !== "–")).toEqual([]);
  });

  test("names tests that are there and carry the statement", () => {
    const missing = rows.filter(
      ({ statement, file }) => file !== undefined && !sourceOf(file).includes(`MQTT-${statement}]`),
    );
    expect(missing).toEqual([]);
  });
});
