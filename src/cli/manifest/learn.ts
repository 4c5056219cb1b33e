/** `slipclutch manifest learn`: from what an agent was seen to do, a manifest to review. */
import { stat, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { argumentSchemas } from "../../config/arguments.ts";
import type { Files } from "../../config/configuration.ts";
import { explainIssue } from "../../config/explain.ts";
import { refusedBy, renderDraft, withDraft } from "../../config/learn/check.ts";
import { type Before, type Draft, draftOf } from "../../config/learn/draft.ts";
import type { Seen } from "../../config/learn/seen.ts";
import { readFolder } from "../../config/load.ts";
import { readForReview } from "../../config/review/reading.ts";
import { sqlReaderFor } from "../../config/sql-parser.ts";
import { type Asking, connect } from "../connect.ts";
import { clean } from "../paint.ts";
import { CommandError, EXIT, type Output, type Shell } from "../shell.ts";
import { FOLDER, invalid, print } from "./folder.ts";

const PAGE = "1000";
/** More than anybody reviews; a shorter `--since` asks for less. */
const SEEN_MAX = 1_000_000;

export interface LearnOptions extends Asking {
  readonly agent: string;
  readonly since: string;
  readonly out?: string;
  readonly config?: string;
  readonly force?: boolean;
}

export async function runLearn(options: LearnOptions, shell: Shell): Promise<number> {
  await refuseOverwrite(options, shell);
  const files = await folderIn(options, shell);
  const seen = await seenBy(options, shell);
  const before = await beforeOf(files, options, shell);
  const draft = draftOf(seen, before);
  const wrong = files === null ? [] : await wrongWith(draft, files, options, shell);
  const file = options.out ?? "draft.yaml";
  const text = renderDraft(draft.document, file);
  if (options.out !== undefined) await writeFile(resolve(shell.folder, options.out), text);
  if (options.json) print(shell, JSON.stringify(told(draft, seen, wrong, options)));
  else if (options.out === undefined) shell.out.write(text);
  // The draft alone is what a pipe takes.
  const about = options.out === undefined ? shell.err : shell.out;
  const say = (to: Output) => (line: string) => to.write(`${clean(line)}\n`);
  if (!options.json) summary(draft, seen, options).forEach(say(about));
  wrong.forEach(say(shell.err));
  return wrong.length === 0 ? EXIT.ok : EXIT.no;
}

/** A manifest that somebody has written is not lost to a draft. */
async function refuseOverwrite({ force, out }: LearnOptions, shell: Shell): Promise<void> {
  if (out === undefined || force === true) return;
  const found = await stat(resolve(shell.folder, out)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  if (found === null) return;
  const hint = "Name another file, or say --force to write over it.";
  throw new CommandError(EXIT.usage, `${out} is there already`, hint);
}

/** Null: there is none where none was named. */
async function folderIn({ config }: LearnOptions, shell: Shell): Promise<Files | null> {
  const folder = config ?? FOLDER;
  const { files, issues } = await readFolder(resolve(shell.folder, folder));
  if (issues.length > 0 && files.size === 0 && config === undefined) return null;
  if (issues.length > 0) throw invalid(folder, issues);
  return files;
}

async function seenBy(options: LearnOptions, shell: Shell): Promise<readonly Seen[]> {
  const { agent, since } = options;
  const client = await connect(options, shell);
  const seen: Seen[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const asked = { agent, from: since, after: String(after), limit: PAGE };
    const { inputs, next } = await client.inputs(asked);
    // `as`: the gateway of the same version tells exactly these.
    for (const one of inputs) seen.push({ ...one, at: Date.parse(one.at) } as unknown as Seen);
    if (seen.length > SEEN_MAX) {
      const hint = "Ask for less, like --since 1d.";
      throw new CommandError(EXIT.no, `more than ${SEEN_MAX} calls were kept since then`, hint);
    }
    after = next;
  }
  if (seen.length > 0) return seen;
  const hint =
    "Set mode: observe and observe_until in its manifest (or journal: { inputs: all } in " +
    "slipclutch.yaml), let it work, and ask again.";
  throw new CommandError(EXIT.no, `no call of ${agent} was kept since ${since}`, hint);
}

async function beforeOf(
  files: Files | null,
  { agent, config }: LearnOptions,
  shell: Shell,
): Promise<Before> {
  const schemas = argumentSchemas();
  if (files === null) return { agent, document: null, grants: [], servers: null, schemas };
  const read = readForReview(files, shell.environment, await sqlReaderFor(files));
  if (read.kind === "invalid") throw invalid(config ?? FOLDER, read.issues);
  const { configuration, manifests } = read.reading;
  const written = manifests.get(agent);
  // `as`: it was read by the schema of a manifest, a map with a list of tools.
  const document = (written?.source.raw ?? null) as (Before["document"] & RawTools) | null;
  const granted = configuration.agents.get(agent)?.tools.allowed ?? [];
  const grants = (document?.allowed_tools ?? []).flatMap((entry, index) => {
    const server = granted[index]?.server;
    return server === undefined ? [] : [{ server, entry }];
  });
  return { agent, document, grants, servers: configuration.toolServers, schemas };
}

interface RawTools {
  readonly allowed_tools?: readonly Readonly<Record<string, unknown>>[];
}

/** The draft where it would stand: as a gateway would read it, and held against what was seen. */
async function wrongWith(
  draft: Draft,
  files: Files,
  { agent }: LearnOptions,
  shell: Shell,
): Promise<readonly string[]> {
  const whole = withDraft(files, agent, draft.document);
  const read = readForReview(whole, shell.environment, await sqlReaderFor(whole));
  if (read.kind === "invalid") {
    return [
      "The draft does not hold in this folder as it stands:",
      ...read.issues.map(explainIssue),
    ];
  }
  const manifest = read.reading.configuration.agents.get(agent);
  if (manifest === undefined) throw new Error("the draft was read and is not there");
  const placed = draft.calls.filter(({ server }) => server !== "");
  const refused = refusedBy(manifest, placed);
  if (refused.length === 0) return [];
  return ["The draft would still refuse what was seen:", ...refused];
}

function told(
  { calls, document, remarks }: Draft,
  seen: readonly Seen[],
  wrong: readonly string[],
  { agent, since }: LearnOptions,
) {
  const tools = calls.map(({ arguments: given, ...one }) => ({ ...one, arguments: given.length }));
  return { agent, since, seen: seen.length, tools, remarks, wrong, manifest: document };
}

function summary(draft: Draft, seen: readonly Seen[], options: LearnOptions): readonly string[] {
  const { agent, out, since } = options;
  const tools = draft.calls.map(({ calls, peak, server, tool, writes, arguments: given }) => {
    const name = server === "" ? tool : `${server}__${tool}`;
    const does = writes ? "writes" : "reads";
    const kinds = counted(given.length, "kind");
    const rate = `${counted(calls, "call")}, at most ${peak} a minute`;
    return `  ${name}  ${does}, ${rate}, ${kinds} of arguments`;
  });
  const where = out === undefined ? [] : [`Wrote ${out}: read it before you grant it.`];
  const remarks = draft.remarks.map((remark) => `! ${remark}`);
  const first = `${counted(seen.length, "call")} of ${agent} since ${since}:`;
  return [first, ...tools, ...remarks, ...where];
}

function counted(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
