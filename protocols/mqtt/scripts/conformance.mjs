/**
 * Writes CONFORMANCE.md: for each normative statement of MQTT the tests that carry it in their name, and their
 * result. Runs the package's tests for it, unless it is given the JSON report of a run that had them. Ends with 1 when
 * a statement that binds a server has no test, or one that failed, or, with `--check`, when the
 * file is stale.
 *
 *   node protocols/mqtt/scripts/conformance.mjs [--check] [--results=report.json]
 */
import { publish, testsOf } from "../../../test/conformance-report.mjs";
import {
  clientOnly311,
  clientOnly5,
  elsewhere311,
  elsewhere5,
  statements311,
  statements5,
} from "./statements.mjs";

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
    const passed = proofs.every(({ status }) => status === "passed");
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

const tests = testsOf("mqtt");
const unknown = tests.flatMap(({ name }) => {
  const { five, four } = statementsOf(name);
  return [
    ...five.filter((number) => !statements5.includes(number)),
    ...four.filter((number) => !statements311.includes(number)),
  ];
});
const faults = unknown.map((number) => `no such statement: MQTT-${number}`);
const failed = tests.filter(({ name, status }) => status !== "passed" && /\[MQTT-/.test(name));
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
const summary = `MQTT: ${five.size} and ${four.size} statements, all with tests that passed`;
publish("mqtt", text, faults, summary);
