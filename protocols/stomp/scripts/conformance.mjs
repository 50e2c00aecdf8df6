// Writes CONFORMANCE.md: every MUST and SHOULD of the three specifications, its tests, their result. Runs the
// package's tests for it, unless it is given the JSON report of a run that had them. Ends with 1 when a test is missing
// or failed, or, with --check, when the file is stale.
//
// statements.json lists them with their tests by name; "*" at the end of a name stands for all tests that begin so.
//
//   node protocols/stomp/scripts/conformance.mjs [--check] [--results=report.json]
import { readFileSync } from "node:fs";
import { format } from "prettier";
import { publish, testsOf } from "../../../test/conformance-report.mjs";

const statements = JSON.parse(readFileSync(new URL("statements.json", import.meta.url), "utf8"));
const results = new Map(testsOf("stomp").map(({ titles, status }) => [titles, status]));
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

publish("stomp", text, faults, `${statements.length} statements, all with tests that passed`);
