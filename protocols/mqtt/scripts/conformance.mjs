/**
 * Writes CONFORMANCE.md: for each normative statement of MQTT the tests that carry it in their name, and their
 * result. Runs the package's tests for it, unless it is given the JSON report of a run that had them. Ends with 1 when
 * a statement that binds a server has no test, or one that failed, or, with `--check`, when the
 * file is stale.
 *
 *   node protocols/mqtt/scripts/conformance.mjs [--check] [--results=report.json]
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  clientOnly311,
  clientOnly5,
  elsewhere311,
  elsewhere5,
  statements311,
  statements5,
} from "./statements.mjs";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const source = join(root, "protocols/mqtt/src");
const target = join(root, "protocols/mqtt/CONFORMANCE.md");

const { values: options } = parseArgs({
  options: { check: { type: "boolean", default: false }, results: { type: "string" } },
});

/** The report of the package's tests, run now. */
function runTests() {
  const directory = mkdtempSync(join(tmpdir(), "mqtt-conformance-"));
  const output = join(directory, "results.json");
  try {
    const vitest = join(root, "node_modules/vitest/vitest.mjs");
    const args = [
      "run",
      "protocols/mqtt",
      "--testTimeout=30000",
      "--reporter=json",
      `--outputFile=${output}`,
    ];
    try {
      execFileSync(process.execPath, [vitest, ...args], { cwd: root, stdio: "ignore" });
    } catch {
      // Failed tests are reported below, by name.
    }
    return JSON.parse(readFileSync(output, "utf8"));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Every test of the package: its file, its name, whether it passed. */
function testsOf({ testResults }) {
  const own = testResults.filter(({ name }) => name.startsWith(source));
  return own.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ fullName, status }) => ({
      file: relative(source, name),
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

/** Statements that bind a server and that no test names. */
function untested(title, statements, proofs, others) {
  return statements
    .filter((number) => !proofs.has(number) && !others.includes(number))
    .map((number) => `${title}: no test of MQTT-${number}`);
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

const tests = testsOf(
  options.results === undefined ? runTests() : JSON.parse(readFileSync(options.results, "utf8")),
);
const unknown = tests.flatMap(({ name }) => {
  const { five, four } = statementsOf(name);
  return [
    ...five.filter((number) => !statements5.includes(number)),
    ...four.filter((number) => !statements311.includes(number)),
  ];
});
const faults = unknown.map((number) => `no such statement: MQTT-${number}`);
const failed = tests.filter(({ name, passed }) => !passed && /\[MQTT-/.test(name));
faults.push(...failed.map(({ name }) => `failed: ${name}`));

const five = collect(tests, (numbers) => numbers.five);
const four = collect(tests, (numbers) => numbers.four);
faults.push(...untested("MQTT 5.0", statements5, five, [...clientOnly5, ...elsewhere5.keys()]));
faults.push(...untested("MQTT 3.1.1", statements311, four, [...clientOnly311, ...elsewhere311.keys()]));

const text = [
  "# MQTT: statement by statement\n",
  "Written by `node protocols/mqtt/scripts/conformance.mjs` from the names of the tests: a test proves the statements that it names.\n",
  describe("MQTT 5.0", statements5, five, clientOnly5, elsewhere5),
  describe("MQTT 3.1.1", statements311, four, clientOnly311, elsewhere311),
].join("\n");
if (options.check && readFileSync(target, "utf8") !== text) {
  faults.push("CONFORMANCE.md is stale: run node protocols/mqtt/scripts/conformance.mjs");
}
if (faults.length > 0) {
  console.error(faults.join("\n"));
  process.exit(1);
}
if (!options.check) writeFileSync(target, text);
console.log(`MQTT: ${five.size} and ${four.size} statements, all with tests that passed`);
