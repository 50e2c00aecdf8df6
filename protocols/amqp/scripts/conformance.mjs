// Writes CONFORMANCE.md: every method of the specification's XML and every extension of RabbitMQ's with its tests and
// their result, and the differences from RabbitMQ with their reasons. Runs the package's tests for it, unless it is
// given the JSON report of a run that had them. Ends with 1 when a method has no entry, a test is missing or failed,
// or, with --check, when the file is stale.
//
// conformance.json names the tests; "*" at the end of a name stands for all tests that begin so. A method without
// tests has the reason instead.
//
//   node protocols/amqp/scripts/conformance.mjs [--check] [--results=report.json]
import { readFileSync } from "node:fs";
import { format } from "prettier";
import { publish, testsOf } from "../../../test/conformance-report.mjs";

const read = (name) => readFileSync(new URL(name, import.meta.url), "utf8");
const { methods, extensions, differences } = JSON.parse(read("conformance.json"));
const specification = read("../spec/amqp0-9-1.extended.xml");
const tests = testsOf("amqp").map(({ titles, status }) => [titles, status]);
const faults = [];

/** The names in a cell, after a look whether they are there and passed. */
function proven(names) {
  const shown = names.map((name) => {
    const start = name.replace(/\*$/, "");
    const found = tests.filter(([test]) => (name === start ? test === name : test.startsWith(start)));
    if (found.length === 0) faults.push(`no test "${name}"`);
    for (const [test, status] of found) if (status !== "passed") faults.push(`"${test}" ${status}`);
    if (found.length === 1) return cell(found[0][0]);
    return `${cell(start.replace(/[ >]+$/, ""))} …`;
  });
  return shown.join("<br>");
}

const cell = (text) => text.replaceAll("|", "\\|").replaceAll("*", "\\*").replaceAll("<", "\\<");

/** "class.method" of each in the XML, in its order. */
function specified() {
  const names = [];
  let className = "";
  for (const [, element, name] of specification.matchAll(/<(class|method)\s[^>]*?name\s*=\s*"([\w-]+)"/g)) {
    if (element === "class") className = name;
    else names.push(`${className}.${name}`);
  }
  return names;
}

const methodRows = specified().map((name) => {
  const entry = methods[name];
  if (entry === undefined) faults.push(`no entry for ${name}`);
  if (typeof entry === "string") return `| ${name} | ${cell(entry)} | |`;
  return `| ${name} | ${proven(entry ?? [])} | passed |`;
});
const extensionRows = extensions.map(
  ({ says, tests: names }) => `| ${cell(says)} | ${proven(names)} | passed |`,
);
const differenceRows = differences.map(
  ({ where, rabbitmq, here, why }) => `| ${[where, rabbitmq, here, why].map(cell).join(" | ")} |`,
);

const text = await format(
  `# What of AMQP 0-9-1 and of RabbitMQ's extensions is here

Written by \`node protocols/amqp/scripts/conformance.mjs\`, which runs the tests and fails if one is missing or failed,
or a method of the XML has no entry. Every method is also encoded and decoded by tables generated from that XML, which
agree with two other codecs (\`test/differential/amqp.test.ts\`).

## Methods

| Method | Tests | Result |
| --- | --- | --- |
${methodRows.join("\n")}

## Extensions

| Extension | Tests | Result |
| --- | --- | --- |
${extensionRows.join("\n")}

## Differences from RabbitMQ, and why

| Where | RabbitMQ 3.10 | Here | Why |
| --- | --- | --- | --- |
${differenceRows.join("\n")}

Random programs (\`test/amqp/differential.test.ts\`) are answered alike by both, apart from rows of this table: the
type in "inequivalent arg" texts, which they leave out, and circles of dead letters, which they find. A million messages
of a stream are replayed whole from the start, from an offset and from a time by
\`REPLAY_MESSAGES=1000000 npx vitest run test/amqp/replay.test.ts\`. Logging in by a certificate is shown by amqplib in
\`test/amqp/external.test.ts\`.
`,
  { parser: "markdown", printWidth: 110 },
);

const summary = `${methodRows.length} methods and ${extensionRows.length} extensions, all with tests that passed`;
publish("amqp", text, faults, summary);
