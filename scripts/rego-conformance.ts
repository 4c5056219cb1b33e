/**
 * `npm run rego-conformance -- FILE [--json] [--only TEXT]`: runs OPA's cases from a file and says
 * how many passed, how many were refused at load by what this engine leaves out, and every other.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { runCase } from "./rego/cases.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean" }, only: { type: "string" } },
});
const [file] = positionals;
if (file === undefined) {
  process.stderr.write("Usage: npm run rego-conformance -- FILE [--json] [--only TEXT]\n");
  process.exit(2);
}

const dialect = path.basename(file).includes("v0") ? "v0" : "v1";
const counts = { cases: 0, passed: 0, refused: 0, wrong: 0, error: 0 };
for (const line of readFileSync(file, "utf8").split("\n")) {
  if (line === "" || (values.only !== undefined && !line.includes(values.only))) continue;
  counts.cases += 1;
  const outcome = runCase(line, dialect);
  counts[outcome.kind] += 1;
  if (outcome.kind === "wrong" || outcome.kind === "error") {
    const { id, note } = JSON.parse(line);
    process.stdout.write(`${outcome.kind}: ${id} (${note})\n  ${outcome.why}\n`);
  }
}

const { cases, passed, refused, wrong, error } = counts;
if (values.json === true) {
  const summary = { cases, passed, refused_at_load: refused, wrong, errors: error };
  process.stdout.write(`${JSON.stringify(summary)}\n`);
} else {
  const share = ((100 * passed) / Math.max(1, cases)).toFixed(1);
  process.stdout.write(
    `${cases} cases: ${passed} passed (${share} %), ${refused} refused at load, ` +
      `${wrong} wrong, ${error} unexpected errors\n`,
  );
}
process.exitCode = wrong + error > 0 ? 1 : 0;
