/** `slipclutch manifest lint`: what is valid and still wrong, or too broad. */
import type { Issue } from "../../config/configuration.ts";
import { lint, type Offer, type Offers } from "../../config/review/lint.ts";
import { type Finding, LINT_RULES } from "../../config/review/lint-rules.ts";
import type { Reading } from "../../config/review/reading.ts";
import { clean, paintFor, type Style } from "../paint.ts";
import { EXIT, type Shell } from "../shell.ts";
import { FOLDER, foundIn, manifestIn, print } from "./folder.ts";
import { askServers } from "./online.ts";
import { sarifOf } from "./sarif.ts";

export interface LintOptions {
  readonly agent?: string;
  readonly online?: boolean;
  readonly strict?: boolean;
  readonly json?: boolean;
  readonly sarif?: boolean;
}

export async function runLint(
  folder: string | undefined,
  options: LintOptions,
  shell: Shell,
): Promise<number> {
  const where = folder ?? FOLDER;
  const findings = await findingsIn(where, options, shell);
  if (options.sarif) {
    const place = { version: shell.version, folder: where };
    print(shell, JSON.stringify(sarifOf(findings, place), null, 2));
  } else if (options.json) print(shell, JSON.stringify({ findings }));
  else show(findings, where, shell);
  const stops = findings.some(
    ({ level }) => level === "error" || (options.strict && level === "warning"),
  );
  return stops ? EXIT.no : EXIT.ok;
}

async function findingsIn(
  folder: string,
  { agent, online }: LintOptions,
  shell: Shell,
): Promise<readonly Finding[]> {
  const found = await foundIn(folder, shell, { online: online === true });
  if (found.kind === "invalid") return found.issues.map(invalid);
  const reading = { ...found.reading, warnings: found.warnings };
  if (agent !== undefined) manifestIn(reading, agent);
  const findings = lint(reading, online ? await offersOf(reading, folder, shell) : new Map());
  const file = agent === undefined ? null : reading.manifests.get(agent)?.source.file;
  return file === null ? findings : findings.filter((finding) => finding.file === file);
}

async function offersOf(reading: Reading, folder: string, shell: Shell): Promise<Offers> {
  const agents = reading.configuration.agents.values();
  const described = await askServers(reading, agents, folder, shell);
  return new Map(
    [...described].map(([server, answer]): readonly [string, Offer] => {
      if (answer.kind === "away") return [server, answer];
      const pins = new Map([...answer.tools].map(([name, { pin }]) => [name, pin]));
      return [server, { kind: "offered", pins }];
    }),
  );
}

function invalid({ expected, file, got, hint, line, path }: Issue): Finding {
  const says = `got ${got}, expected ${expected}`;
  return { rule: "folder.invalid", level: "error", file, line, path, says, hint };
}

const STYLES: Readonly<Record<Finding["level"], Style>> = {
  error: "red",
  warning: "yellow",
  note: "dim",
};

function show(findings: readonly Finding[], folder: string, shell: Shell): void {
  const paint = paintFor(shell, shell.out);
  for (const { file, hint, level, line, path, rule, says } of findings) {
    const at = `${file}${line === null ? "" : `:${line}`}${path === "" ? "" : ` at ${path}`}`;
    print(shell, `${paint(STYLES[level], level)} ${clean(`${rule}  ${at}: ${says}.`)}`);
    print(shell, `  ${paint("dim", clean(`${LINT_RULES[rule].why} ${hint}`))}`);
  }
  const count = (level: Finding["level"]) => {
    const many = findings.filter((one) => one.level === level).length;
    return `${many} ${level}${many === 1 ? "" : "s"}`;
  };
  const counts = `${count("error")}, ${count("warning")}, ${count("note")}`;
  print(shell, `${folder}: ${findings.length === 0 ? "nothing found." : `${counts}.`}`);
}
