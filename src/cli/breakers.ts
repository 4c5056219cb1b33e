/** `slipclutch breakers replay`: when rules would have tripped over what happened before. */
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { readRules } from "../config/rule-file.ts";
import { type Past, replay, type Trip, unreplayable } from "../guards/breaker/replay.ts";
import { type BreakerRule, DEFAULT_RULES } from "../guards/breaker/rules.ts";
import { invalid } from "./manifest/folder.ts";
import { clean } from "./paint.ts";
import { type PastLine, pastOf } from "./past-lines.ts";
import { CommandError, EXIT, type Shell } from "./shell.ts";

/** About a gigabyte of them in memory. */
const EVENTS_MAX = 5_000_000;

export interface ReplayOptions {
  readonly events: string;
  readonly rule?: string;
  readonly json?: boolean;
}

export async function replayBreakers(options: ReplayOptions, shell: Shell): Promise<number> {
  const rules = await rulesIn(options.rule, shell);
  const past = await pastIn(options.events, shell);
  const trips: Trip[] = [];
  let replayed = 0;
  for (const rule of rules) {
    const why = unreplayable(rule, past);
    if (why === null) {
      replayed += 1;
      trips.push(...replay(rule, past));
    } else shell.err.write(`${clean(rule.name)} cannot be replayed from this: ${why}.\n`);
  }
  trips.sort((one, other) => one.at - other.at);
  for (const trip of trips) show(trip, options, shell);
  return replayed === 0 ? EXIT.no : EXIT.ok;
}

async function rulesIn(file: string | undefined, shell: Shell): Promise<readonly BreakerRule[]> {
  if (file === undefined) return DEFAULT_RULES;
  const read = readRules(file, await textOf(file, shell));
  if (read.kind === "invalid") throw invalid(file, read.issues);
  return read.rules;
}

async function textOf(file: string, shell: Shell): Promise<string> {
  try {
    return await readFile(resolve(shell.folder, file), "utf8");
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** In the order of time, whatever order they are written in. */
async function pastIn(file: string, shell: Shell): Promise<readonly Past[]> {
  const past: Past[] = [];
  const lines = createInterface({ input: createReadStream(resolve(shell.folder, file)) });
  let no = 0;
  try {
    for await (const line of lines) {
      no += 1;
      if (line.trim() === "") continue;
      const read: PastLine = pastOf(line);
      if (read.kind === "wrong") throw wrong(file, no, read.says);
      if (read.kind === "past") past.push(read.past);
      if (past.length > EVENTS_MAX) throw tooMany(file);
    }
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw unreadable(file, error);
  }
  return past.sort((one, other) => one.at - other.at);
}

function wrong(file: string, no: number, says: string): CommandError {
  const hint =
    'A line is {"at":"2026-01-31T09:00:00Z","agent":"…","tool":"…","n":3} for the calls of a ' +
    "minute, or an entry as `slipclutch journal --all --json` prints it.";
  return new CommandError(EXIT.no, `${file}, line ${no}: ${says}`, hint);
}

function tooMany(file: string): CommandError {
  const hint = "Replay a shorter time, or one agent at a time.";
  return new CommandError(EXIT.no, `${file} has more than ${EVENTS_MAX} calls`, hint);
}

function unreadable(file: string, error: unknown): CommandError {
  const why = error instanceof Error ? error.message : String(error);
  return new CommandError(EXIT.no, `${file} cannot be read: ${why}`, "Name a file that is there.");
}

function show({ alarm, at }: Trip, { json }: ReplayOptions, shell: Shell): void {
  const { agent, limit, rule, says, tool, value } = alarm;
  const instant = new Date(at).toISOString();
  const told = { at: instant, rule, agent, tool, value, limit };
  const line = json ? JSON.stringify(told) : clean(`${instant}  ${rule}  ${agent}  ${says}`);
  shell.out.write(`${line}\n`);
}
