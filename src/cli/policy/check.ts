/** `slipclutch policy check`: everything that is wrong with policies, before a gateway has them. */
import { isExposedOnly } from "../../config/exposed-policies.ts";
import { readTable } from "../../config/policy-tables.ts";
import { LoadError, type Module, parseModule } from "../../rego/index.ts";
import { paintFor } from "../paint.ts";
import { EXIT, type Shell } from "../shell.ts";
import { foldedComparisons } from "./folded.ts";
import { FOLDER, type Loading, loadPolicies, type Read, readPolicies } from "./folder.ts";
import { unknownFields } from "./input-fields.ts";
import { type Problem, problemLines, problemOfIssue } from "./problems.ts";
import { isTest } from "./test-rules.ts";

export interface CheckOptions {
  readonly strict?: boolean;
  readonly json?: boolean;
}

export async function runCheck(
  folder: string | undefined,
  options: CheckOptions,
  shell: Shell,
): Promise<number> {
  const where = folder ?? FOLDER;
  const read = await readPolicies(where, shell);
  const problems = problemsOf(read, options.strict === true);
  const { length: files } = [...read.sources.modules, ...read.sources.tests];
  const isValid = problems.every(({ level }) => level === "warning" && options.strict !== true);
  if (options.json) {
    shell.out.write(`${JSON.stringify({ valid: isValid, files, problems })}\n`);
    return isValid ? EXIT.ok : EXIT.no;
  }
  const paint = paintFor(shell, shell.out);
  for (const line of problemLines(problems, read.texts, paint)) shell.out.write(`${line}\n`);
  const count = (level: Problem["level"]) => {
    const { length } = problems.filter((problem) => problem.level === level);
    return `${length} ${level}${length === 1 ? "" : "s"}`;
  };
  const found = problems.length === 0 ? "" : `: ${count("error")}, ${count("warning")}`;
  const verdict = `${isValid ? "valid" : "not valid"}${found}`;
  shell.out.write(`${where}: ${files} file${files === 1 ? "" : "s"} of policies, ${verdict}.\n`);
  return isValid ? EXIT.ok : EXIT.no;
}

function problemsOf(read: Read, strict: boolean): readonly Problem[] {
  const loading = loadPolicies(read, { tests: true, strict });
  const errors = [...(loading.kind === "invalid" ? loading.problems : []), ...tableProblems(read)];
  const unread = read.warnings.map((issue) => problemOfIssue(issue, "warning"));
  return [...errors, ...unread, ...warningsOf(loading, read)];
}

function tableProblems({ sources }: Read): readonly Problem[] {
  const issues = sources.tables.flatMap((table) => readTable(table).issues);
  return issues.map((issue) => problemOfIssue(issue, "error"));
}

function warningsOf(loading: Loading, read: Read): readonly Problem[] {
  if (loading.kind === "invalid") return [];
  const { modules, tests } = loading;
  return [
    ...[...modules, ...tests].flatMap((module) => oldDialect(module, read)),
    ...modules.flatMap(foldedComparisons),
    ...modules.filter((module) => !isAskedByAgents(module, read)).flatMap(unknownFields),
    ...tests.filter(({ rules }) => !rules.some(isTest)).map(({ file }) => untested(file)),
    ...read.sources.tables.filter(isEmpty).map(({ file }) => untested(file)),
  ];
}

/** Their inputs are what those send. */
function isAskedByAgents({ package: path }: Module, { bound }: Read): boolean {
  return isExposedOnly(bound, path.slice(1));
}

function isEmpty(table: Read["sources"]["tables"][number]): boolean {
  const { issues, rows } = readTable(table);
  return issues.length === 0 && rows.length === 0;
}

function untested(file: string): Problem {
  return {
    ...{ level: "warning", file, row: null, col: null, code: "policy.no-tests" },
    message: "nothing in it is a test",
    hint: "Its name says that there are tests: rules whose names begin with test_, or rows.",
  };
}

/** Changes of one file that are told. */
const CHANGES_TOLD_MAX = 5;

/** A file of v0 holds, and says what v1 asks of it. */
function oldDialect({ dialect, file, packageAt }: Module, { texts }: Read): readonly Problem[] {
  if (dialect === "v1") return [];
  const changes = changesToV1(texts.get(file) ?? "", file);
  const told = changes.slice(0, CHANGES_TOLD_MAX).join("; ");
  const more = changes.length > CHANGES_TOLD_MAX ? `; and ${changes.length - 5} more` : "";
  return [
    {
      ...{ level: "warning", file, row: packageAt.row, col: packageAt.col, code: "policy.v0" },
      message: "this file is Rego v0, which OPA itself reads only with --v0-compatible",
      hint: `For v1: ${told}${more}. \`opa fmt --v0-v1 --write\` does most of it.`,
    },
  ];
}

function changesToV1(text: string, file: string): readonly string[] {
  try {
    parseModule(text, file, "v1");
    return [];
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    return error.problems.map(({ at, message }) => `line ${at.row}: ${message}`);
  }
}
