/** `slipclutch manifest learn`: from what an agent was seen to do, a manifest to review. */
import type { Stats } from "node:fs";
import { stat, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { argumentSchemas } from "../../config/arguments.ts";
import type { Files } from "../../config/configuration.ts";
import { explainIssue } from "../../config/explain.ts";
import { refusedBy, renderDraft, withDraft } from "../../config/learn/check.ts";
import { type Before, type Draft, draftOf } from "../../config/learn/draft.ts";
import type { Seen, SeenTool } from "../../config/learn/seen.ts";
import { readFolder } from "../../config/load.ts";
import { readForReview } from "../../config/review/reading.ts";
import { sqlReaderFor } from "../../config/sql-parser.ts";
import type { ControlClient } from "../../control/client.ts";
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
  await refusePlace(options, shell);
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

/**
 * Before anything is asked: the draft will have a place, and what somebody has written is not lost
 * to it.
 */
async function refusePlace({ force, out }: LearnOptions, shell: Shell): Promise<void> {
  if (out === undefined) return;
  const file = resolve(shell.folder, out);
  const folder = await whatIsAt(dirname(file));
  if (folder?.isDirectory() !== true) {
    const hint = "Make it first, or name another place.";
    throw new CommandError(EXIT.usage, `${dirname(out)} is no folder that is there`, hint);
  }
  const found = await whatIsAt(file);
  if (found?.isDirectory() === true) {
    throw new CommandError(EXIT.usage, `${out} is a folder`, "Name a file in it.");
  }
  if (found === null || force === true) return;
  const hint = "Name another file, or say --force to write over it.";
  throw new CommandError(EXIT.usage, `${out} is there already`, hint);
}

function whatIsAt(place: string): Promise<Stats | null> {
  return stat(place).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return null;
    throw error;
  });
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
  for await (const one of inputsOf(client, { agent, from: since })) {
    seen.push(one);
    if (seen.length > SEEN_MAX) {
      const hint = "Ask for less, like --since 1d.";
      throw new CommandError(EXIT.no, `more than ${SEEN_MAX} calls were kept since then`, hint);
    }
  }
  if (seen.length > 0) return withArguments(seen, inputsOf(client, { agent }));
  const hint =
    "Set mode: observe and observe_until in its manifest (or journal: { inputs: all } in " +
    "slipclutch.yaml), let it work, and ask again.";
  throw new CommandError(EXIT.no, `no call of ${agent} was kept since ${since}`, hint);
}

/** Page by page, the oldest first. */
async function* inputsOf(
  client: ControlClient,
  asked: Readonly<Record<string, string>>,
): AsyncIterable<Seen> {
  for (let after: number | null = 0; after !== null; ) {
    const { inputs, next } = await client.inputs({ ...asked, after: String(after), limit: PAGE });
    // `as`: the gateway of the same version tells exactly these.
    for (const one of inputs) yield { ...one, at: Date.parse(one.at) } as unknown as Seen;
    after = next;
  }
}

/** Equal arguments are kept once an hour: where they stand may be before what was asked for. */
async function withArguments(
  seen: readonly Seen[],
  all: AsyncIterable<Seen>,
): Promise<readonly Seen[]> {
  const known = new Map<string, SeenTool["arguments"]>();
  for (const one of seen) {
    if (one.kind === "tool" && !known.get(one.digest)) known.set(one.digest, one.arguments);
  }
  if ([...known.values()].every((given) => given !== undefined)) return seen;
  for await (const one of all) {
    if (one.kind !== "tool" || one.arguments === undefined || !known.has(one.digest)) continue;
    known.set(one.digest, one.arguments);
  }
  return seen.map((one) => {
    const given = one.kind === "tool" ? known.get(one.digest) : undefined;
    return given === undefined ? one : { ...one, arguments: given };
  });
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
    const id = granted[index];
    return id === undefined ? [] : [{ server: id.server, tool: id.tool, entry }];
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
  const tools = calls.map((one) => {
    const { calls: count, peak, server, tool, unknown, writes } = one;
    return { server, tool, calls: count, writes, peak, unknown, arguments: one.arguments.length };
  });
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
