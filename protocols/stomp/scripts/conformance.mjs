// Writes CONFORMANCE.md: every MUST and SHOULD of the three specifications, its tests, their result. Runs the
// package's tests for it, unless it is given the JSON report of a run that had them. Ends with 1 when a test is missing
// or failed, or, with --check, when the file is stale.
//
// statements.json lists them with their tests by name; "*" at the end of a name stands for all tests that begin so.
//
//   node protocols/stomp/scripts/conformance.mjs [--check] [--results=report.json]
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { format } from "prettier";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const statements = JSON.parse(readFileSync(new URL("statements.json", import.meta.url), "utf8"));
const target = fileURLToPath(new URL("../CONFORMANCE.md", import.meta.url));

const { values: options } = parseArgs({
  options: { check: { type: "boolean", default: false }, results: { type: "string" } },
});

/** The report of the package's tests, run now. */
function runTests() {
  const directory = mkdtempSync(join(tmpdir(), "stomp-conformance-"));
  const output = join(directory, "results.json");
  try {
    const vitest = join(root, "node_modules/vitest/vitest.mjs");
    const args = [vitest, "run", "protocols/stomp", "--reporter=json", `--outputFile=${output}`];
    try {
      execFileSync(process.execPath, args, { cwd: root, stdio: "ignore" });
    } catch {
      // Failed tests are reported below, by name.
    }
    return JSON.parse(readFileSync(output, "utf8"));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Names of all tests of the package, as "suite > test", with their status. */
function statusByName({ testResults }) {
  const own = testResults.filter(({ name }) => name.startsWith(join(root, "protocols/stomp/")));
  const assertions = own.flatMap((file) => file.assertionResults);
  return new Map(assertions.map((test) => [[...test.ancestorTitles, test.title].join(" > "), test.status]));
}

const results = statusByName(
  options.results === undefined ? runTests() : JSON.parse(readFileSync(options.results, "utf8")),
);
const faults = [];

function find(name) {
  const names = name.endsWith("*")
    ? [...results.keys()].filter((candidate) => candidate.startsWith(name.slice(0, -1)))
    : results.has(name)
      ? [name]
      : [];
  if (names.length === 0) faults.push(`no test "${name}"`);
  for (const found of names)
    if (results.get(found) !== "passed") faults.push(`"${found}" ${results.get(found)}`);
  return names;
}

const cell = (text) =>
  text.replaceAll("\\", "\\\\").replaceAll("|", "\\|").replaceAll("*", "\\*").replaceAll("<", "\\<");

const rows = statements.map(({ versions, section, word, says, tests, note }) => {
  const found = tests.map((name) => {
    const names = find(name);
    return names.length > 1
      ? `${cell(name.replace(/ ?\*$/, ""))} … (${names.length} tests)`
      : cell(names[0] ?? name);
  });
  const remark = note === undefined ? "" : ` ${note}`;
  return `| ${versions} | ${section} | ${word} | ${cell(says)}.${remark} | ${found.join("<br>")} | passed |`;
});

const strict = statements.filter(({ word }) => word !== "must").length;
const text = await format(
  `# Conformance to STOMP 1.0, 1.1 and 1.2

Every MUST and SHOULD (with REQUIRED and RECOMMENDED) of the three specifications, in short, with the tests that show
it. STOMP 1.0 knows no such words; what it demands all the same has a small "must". Statements about clients are listed
too: their tests show what the broker does with a client that keeps them, or breaks them.

${strict} statements, and ${statements.length - strict} more. Written by \`node protocols/stomp/scripts/conformance.mjs\`,
which runs the tests and fails if one is missing or failed.

| Version | Section | | Statement | Tests | Result |
| --- | --- | --- | --- | --- | --- |
${rows.join("\n")}
`,
  { parser: "markdown", printWidth: 110 },
);

if (faults.length > 0) {
  console.error(faults.join("\n"));
  process.exit(1);
}
if (!options.check) writeFileSync(target, text);
else if (readFileSync(target, "utf8") !== text) {
  console.error("CONFORMANCE.md is stale: run node protocols/stomp/scripts/conformance.mjs");
  process.exit(1);
}
console.log(`${statements.length} statements, all with tests that passed`);
