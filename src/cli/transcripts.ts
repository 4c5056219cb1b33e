/** `slipclutch tasks transcript` and `tasks erase`: what a task said. */
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type {
  ControlClient,
  PartView,
  TranscriptEntryView,
  TranscriptView,
} from "../control/client.ts";
import { type Asking, connect } from "./connect.ts";
import { clean, cleanLines, type Paint, paintFor } from "./paint.ts";
import { CommandError, EXIT, type Shell } from "./shell.ts";

/** Tasks among which one is looked for, newest first; entries asked for at once. */
const TASKS_MAX = "1000";
const PAGE = "400";
/** Only who wrote the file reads it: it is what customers said. */
const FILE_MODE = 0o600;
const INDENT = "  ";

interface Of extends Asking {
  readonly agent?: string;
}

export type TranscriptOptions = Of & { readonly out?: string };
export type EraseOptions = Of & { readonly reason: string };

export async function showTranscript(
  task: string,
  options: TranscriptOptions,
  shell: Shell,
): Promise<number> {
  const client = await connect(options, shell);
  const whole = await wholeOf(await agentOf(task, options, client), task, client);
  const paint = options.out === undefined ? paintFor(shell, shell.out) : PLAIN;
  const text = options.json ? `${JSON.stringify(whole)}\n` : render(whole, paint);
  if (options.out === undefined) shell.out.write(text);
  else await writeNew(resolve(shell.folder, options.out), text);
  return EXIT.ok;
}

export async function eraseTranscript(
  task: string,
  options: EraseOptions,
  shell: Shell,
): Promise<number> {
  const client = await connect(options, shell);
  const agent = await agentOf(task, options, client);
  const erased = await client.eraseTranscript(agent, task, options.reason);
  const sentence =
    `Erased ${erased.erased} entries of ${clean(task)} of ${clean(agent)}. ` +
    "Nothing of it is kept from now on; the journal is whole.";
  shell.out.write(`${options.json ? JSON.stringify(erased) : sentence}\n`);
  return EXIT.ok;
}

const PLAIN: Paint = (_, text) => text;

/** Tasks of two agents may have one name. */
async function agentOf(task: string, { agent }: Of, client: ControlClient): Promise<string> {
  if (agent !== undefined) return agent;
  const tasks = await client.tasks({ limit: TASKS_MAX });
  const [found, ...others] = tasks.filter((one) => one.task === task).map((one) => one.agent);
  if (found !== undefined && others.length === 0) return found;
  const message =
    found === undefined
      ? `None of the newest ${TASKS_MAX} tasks is ${clean(task)}.`
      : `Several agents have a task ${clean(task)}: ${[found, ...others].map(clean).join(", ")}.`;
  throw new CommandError(EXIT.no, message, "Say whose it is with --agent ID.");
}

async function wholeOf(agent: string, task: string, client: ControlClient) {
  const first = await client.transcript(agent, task, { limit: PAGE });
  const entries = [...first.entries];
  for (let { next } = first; next !== null; ) {
    const page = await client.transcript(agent, task, { after: String(next), limit: PAGE });
    entries.push(...page.entries);
    next = page.next;
  }
  return { ...first, entries, next: null };
}

async function writeNew(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: "wx", mode: FILE_MODE });
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    const because = error.code === "EEXIST" ? "it is there already" : error.message;
    throw new CommandError(EXIT.no, `${path} was not written: ${because}.`, "Name another file.");
  }
}

/** Everything that a model or a tool wrote goes through `cleanLines`. */
function render(transcript: TranscriptView, paint: Paint): string {
  const { agent, dropped, entries, erased_at, keeps, task } = transcript;
  const remarks = [
    ...(erased_at === null ? [] : [`erased on ${erased_at}: nothing of it is kept any more`]),
    ...(dropped === 0 ? [] : [`${dropped} older entries had to go`]),
    ...(entries.length === 0 ? ["nothing is kept of it"] : []),
    ...(keeps || erased_at !== null ? [] : ["transcripts of this agent are not kept now"]),
  ];
  const head = paint("bold", `${clean(agent)} ${clean(task)}`);
  const lines = remarks.map((remark) => paint("dim", `(${remark})`));
  return [[head, ...lines].join("\n"), ...entries.map(entryText)].join("\n\n").concat("\n");

  function entryText(entry: TranscriptEntryView): string {
    const style = entry.kind === "message" ? "cyan" : "yellow";
    const title = `${paint("dim", entry.at)} ${paint(style, clean(titleOf(entry)))}`;
    return [title, ...linesOf(entry).map((line) => INDENT + line)].join("\n");
  }
}

function titleOf(entry: TranscriptEntryView): string {
  switch (entry.kind) {
    case "message":
      return entry.role;
    case "verdict":
      return `${entry.verdict}: ${entry.why}`;
    case "call":
      return `tool ${entry.server}.${entry.tool}, ${entry.verdict}${ofWhy(entry.why)}`;
    case "result":
      return `result of ${entry.server}.${entry.tool}, ${entry.outcome}`;
  }
}

function ofWhy(why: string | null): string {
  return why === null ? "" : `: ${why}`;
}

function linesOf(entry: TranscriptEntryView): readonly string[] {
  switch (entry.kind) {
    case "message":
      return entry.parts.flatMap(partLines);
    case "verdict":
      return [];
    case "call":
      return cleanLines(entry.arguments);
    case "result":
      return cleanLines(entry.text);
  }
}

function partLines(part: PartView): readonly string[] {
  switch (part.kind) {
    case "text":
      return cleanLines(part.text);
    case "thinking":
      return ["(thinking)", ...cleanLines(part.text).map((line) => INDENT + line)];
    case "call":
      return [`→ ${clean(part.name)} ${clean(part.arguments)}`];
    case "result": {
      const [first = "", ...rest] = cleanLines(part.text);
      return [`← ${first}`, ...rest.map((line) => INDENT + line)];
    }
  }
}
