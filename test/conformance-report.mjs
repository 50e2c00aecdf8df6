// What the CONFORMANCE.md of all protocols have in common: where the results of tests come from, and what becomes of
// the file. Their scripts take two options: `--results=report.json` for the JSON report of a run that had the
// protocol's tests, which are run otherwise, and `--check`, with which nothing is written and a stale file is a fault.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = fileURLToPath(new URL("../", import.meta.url));

const { values: options } = parseArgs({
  options: { check: { type: "boolean", default: false }, results: { type: "string" } },
});

/**
 * Every test of the protocol's package: its file within the source, its title behind those of its suites, its name in
 * one piece, and whether it passed.
 */
export function testsOf(protocol) {
  const source = join(root, "protocols", protocol, "src/");
  const report = options.results === undefined ? run(protocol) : readFileSync(options.results, "utf8");
  const { testResults } = JSON.parse(report);
  return testResults
    .filter(({ name }) => name.startsWith(source))
    .flatMap(({ name, assertionResults }) =>
      assertionResults.map(({ ancestorTitles, title, fullName, status }) => ({
        file: relative(source, name),
        titles: [...ancestorTitles, title].join(" > "),
        name: fullName,
        status,
      })),
    );
}

/** Writes the file and says the summary; ends with 1, and writes nothing, when there are faults. */
export function publish(protocol, text, faults, summary) {
  const target = join(root, "protocols", protocol, "CONFORMANCE.md");
  const isStale = options.check && readFileSync(target, "utf8") !== text;
  if (isStale) faults.push(`CONFORMANCE.md is stale: run node protocols/${protocol}/scripts/conformance.mjs`);
  if (faults.length > 0) {
    console.error(faults.join("\n"));
    process.exit(1);
  }
  if (!options.check) writeFileSync(target, text);
  console.log(summary);
}

/** The report of the protocol's tests, run now. */
function run(protocol) {
  const directory = mkdtempSync(join(tmpdir(), `${protocol}-conformance-`));
  const output = join(directory, "results.json");
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const wanted = [
    `protocols/${protocol}`,
    "--testTimeout=30000",
    "--reporter=json",
    `--outputFile=${output}`,
  ];
  try {
    execFileSync(process.execPath, [vitest, "run", ...wanted], { cwd: root, stdio: "ignore" });
  } catch {
    // Failed tests are reported by name.
  }
  const report = readFileSync(output, "utf8");
  rmSync(directory, { recursive: true });
  return report;
}
