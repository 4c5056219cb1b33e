/**
 * Runs a composite action as GitHub's runner does: steps one after the other, each script by itself,
 * expressions put into the environment, outputs read from a file, commands read from what is said.
 */
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";

export interface Run {
  /** The folder of the action.yml. */
  readonly action: string;
  /** What was checked out. */
  readonly workspace: string;
  readonly inputs: Readonly<Record<string, string>>;
  /** `github.repository`, `github.event` and `github.token`. */
  readonly github: Readonly<Record<string, unknown>>;
  /** Before everything else on the PATH. */
  readonly bin: string;
}

export interface Ran {
  /** Of the step that failed, or 0. */
  readonly code: number;
  /** What was said, without what the runner took for commands. */
  readonly log: string;
  readonly commands: readonly string[];
  readonly summary: string;
}

/** What a step may say, by the runner's own schema. */
const STEP_KEYS = ["id", "name", "if", "shell", "env", "run", "working-directory"].concat([
  "continue-on-error",
]);

interface Step {
  readonly id?: string;
  readonly shell: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly run: string;
}

export async function runAction(run: Run): Promise<Ran> {
  const action = parse(await readFile(path.join(run.action, "action.yml"), "utf8"));
  const temp = await mkdtemp(path.join(path.dirname(run.workspace), "runner-"));
  const files = { output: path.join(temp, "output"), summary: path.join(temp, "summary") };
  await writeFile(files.summary, "");
  const inputs = { ...defaultsOf(action.inputs), ...run.inputs };
  const steps: Record<string, { outputs: Record<string, string> }> = {};
  const contexts = { github: run.github, inputs, runner: { temp }, steps };
  const said: string[] = [];
  let code = 0;
  for (const step of action.runs.steps as Step[]) {
    const unknown = Object.keys(step).filter((key) => !STEP_KEYS.includes(key));
    if (unknown.length > 0 || step.shell !== "bash") throw new Error(`no such step: ${unknown}`);
    await writeFile(files.output, "");
    const script = path.join(temp, "step.sh");
    await writeFile(script, evaluated(step.run, contexts));
    const own = Object.entries(step.env ?? {}).map(
      ([name, value]) => [name, evaluated(String(value), contexts)] as const,
    );
    const ended = spawnSync("bash", ["--noprofile", "--norc", "-eo", "pipefail", script], {
      cwd: run.workspace,
      env: {
        PATH: `${run.bin}:${process.env.PATH}`,
        HOME: temp,
        GITHUB_ACTION_PATH: run.action,
        GITHUB_OUTPUT: files.output,
        GITHUB_STEP_SUMMARY: files.summary,
        ...Object.fromEntries(own),
      },
    });
    said.push(ended.stdout.toString(), ended.stderr.toString());
    code = ended.status ?? -1;
    if (code !== 0) break;
    if (step.id !== undefined) steps[step.id] = { outputs: await outputsIn(files.output) };
  }
  return { code, ...heard(said.join("")), summary: await readFile(files.summary, "utf8") };
}

function defaultsOf(inputs: Readonly<Record<string, { default?: string }>>) {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, input]) => [name, input.default ?? ""]),
  );
}

/** `${{ a.b.c }}`: what is not there is nothing, and a context that is not there is a mistake. */
function evaluated(text: string, contexts: Readonly<Record<string, unknown>>): string {
  return text.replace(/\$\{\{\s*([\w.-]+)\s*\}\}/g, (_, expression: string) => {
    const [context = "", ...keys] = expression.split(".");
    if (!Object.hasOwn(contexts, context)) throw new Error(`there is no context ${context}`);
    let value: unknown = contexts[context];
    for (const key of keys) value = Object(value)[key];
    return value === undefined || value === null ? "" : String(value);
  });
}

async function outputsIn(file: string): Promise<Record<string, string>> {
  const lines = (await readFile(file, "utf8")).split("\n").filter((line) => line !== "");
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}

/** A line that begins with `::` is a command, unless commands were stopped before it. */
function heard(said: string): { log: string; commands: readonly string[] } {
  const commands: string[] = [];
  const log: string[] = [];
  let stopped: string | null = null;
  for (const line of said.split("\n")) {
    const [, name = "", value = ""] = /^\s*::([^\s:]+)[^:]*::(.*)$/.exec(line) ?? [];
    if (stopped !== null && name === stopped) stopped = null;
    else if (stopped !== null || name === "") log.push(line);
    else if (name === "stop-commands") stopped = value;
    else commands.push(`${name}: ${value}`);
  }
  return { log: log.join("\n"), commands };
}
