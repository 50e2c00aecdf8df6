/**
 * Writes CONFORMANCE.md: for each normative statement of MQTT the tests that carry it in their name, and their
 * result. Run from the root of the repository; with `--check` it only says whether the file is up to date.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import {
  clientOnly311,
  clientOnly5,
  elsewhere311,
  elsewhere5,
  statements311,
  statements5,
} from "./statements.mjs";

const target = "protocols/mqtt/CONFORMANCE.md";

/** Every test of the package: its file, its name, whether it passed. */
function runTests() {
  const report = join(mkdtempSync(join(tmpdir(), "conformance-")), "tests.json");
  const vitest = [
    "vitest",
    "run",
    "protocols/mqtt",
    "--testTimeout=30000",
    "--reporter=json",
    `--outputFile=${report}`,
  ];
  execFileSync("npx", vitest, { stdio: ["ignore", "ignore", "inherit"] });
  const { testResults } = JSON.parse(readFileSync(report, "utf8"));
  return testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ fullName, status }) => ({
      file: relative("protocols/mqtt/src", name),
      name: fullName,
      passed: status === "passed",
    })),
  );
}

/**
 * The statements that a test's name carries. Numbers behind "MQTT 3.1.1" are of that standard; a vector says in
 * parentheses which version it is of.
 */
function statementsOf(name) {
  const level = /\(MQTT level (\d)/.exec(name)?.[1];
  const parts = name.split("MQTT 3.1.1");
  const [before, ...after] = level === "4" ? ["", name] : [parts[0], ...parts.slice(1)];
  return { five: numbersIn(before), four: after.flatMap(numbersIn) };
}

function numbersIn(text) {
  return [...text.matchAll(/\[MQTT-([\d.]+-\d+)\]/g)].map(([, number]) => number);
}

function collect(tests, pick) {
  const found = new Map();
  for (const test of tests) {
    for (const number of new Set(pick(statementsOf(test.name)))) {
      found.set(number, [...(found.get(number) ?? []), test]);
    }
  }
  return found;
}

function describe(title, statements, tests, clientOnly, elsewhere) {
  const counts = { tested: 0, passing: 0, client: 0, elsewhere: 0, open: 0 };
  const rows = statements.map((number) => {
    const proofs = tests.get(number) ?? [];
    if (proofs.length === 0) {
      const where = elsewhere.get(number);
      const isClient = clientOnly.includes(number);
      counts[isClient ? "client" : where === undefined ? "open" : "elsewhere"]++;
      return `| MQTT-${number} | ${isClient ? "binds a client alone" : (where ?? "**no test**")} | – |`;
    }
    const passed = proofs.every((proof) => proof.passed);
    counts.tested++;
    if (passed) counts.passing++;
    const [first] = proofs;
    const more = proofs.length > 1 ? ` (and ${proofs.length - 1} more)` : "";
    const name = first.name.replace(/ ?\[MQTT-.*$/, "").replaceAll("|", "\\|");
    return `| MQTT-${number} | \`${first.file}\`: ${name}${more} | ${passed ? "passes" : "**fails**"} |`;
  });
  const summary =
    `${statements.length} statements: ${counts.tested} tested, ${counts.passing} passing; ` +
    `${counts.client} bind a client alone, ${counts.elsewhere} are kept elsewhere, ${counts.open} without a test.`;
  const table = [
    "<!-- prettier-ignore -->",
    "| Statement | Test | Result |",
    "| --- | --- | --- |",
    ...rows,
  ].join("\n");
  return `## ${title}\n\n${summary}\n\n${table}\n`;
}

const tests = runTests();
const unknown = tests.flatMap(({ name }) => {
  const { five, four } = statementsOf(name);
  return [
    ...five.filter((number) => !statements5.includes(number)),
    ...four.filter((number) => !statements311.includes(number)),
  ];
});
if (unknown.length > 0) throw new Error(`no such statements: ${unknown.join(", ")}`);
const text = [
  "# MQTT: statement by statement\n",
  "Written by `node protocols/mqtt/scripts/conformance.mjs` from the names of the tests: a test proves the statements that it names.\n",
  describe(
    "MQTT 5.0",
    statements5,
    collect(tests, ({ five }) => five),
    clientOnly5,
    elsewhere5,
  ),
  describe(
    "MQTT 3.1.1",
    statements311,
    collect(tests, ({ four }) => four),
    clientOnly311,
    elsewhere311,
  ),
].join("\n");
if (!process.argv.includes("--check")) writeFileSync(target, text);
else if (readFileSync(target, "utf8") !== text) throw new Error(`${target} is out of date`);
