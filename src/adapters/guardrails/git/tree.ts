/**
 * The guardrails folder at one commit, read from Git's objects. Nothing is checked out: no link is
 * followed, no submodule fetched, and no name in a repository ever becomes a path on this disk.
 */
import type {
  FileFound,
  FilesBelow,
  GuardrailsTree,
  ReadLimits,
  Unreadable,
} from "../../../ports/guardrails.ts";
import type { Ended, Run } from "./command.ts";

const READ_MS = 30_000;
/** Of one folder: ten thousand files with long names. */
const LIST_BYTES_MAX = 4 * 1024 * 1024;
/** Around each file that Git hands out. */
const HEADER_BYTES_MAX = 128;

const LINK = "120000";
const SUBMODULE = "160000";
const FOLDER = "040000";

interface Entry {
  readonly mode: string;
  readonly object: string;
  readonly name: string;
  /** Null for what is no file. */
  readonly bytes: number | null;
}

export interface TreeSettings {
  readonly commit: string;
  /** Where it is in the repository; "" is all of it. */
  readonly folder: string;
  readonly git: (args: readonly string[], run: Run) => Promise<Ended>;
}

/** The objects could not be read: what was fetched is damaged, or gone. */
export class TreeUnreadable extends Error {
  override readonly name = "TreeUnreadable";
}

export function gitTree(settings: TreeSettings): GuardrailsTree {
  const { commit, folder } = settings;
  const known = new Map<string, Entry>();
  const where = folder === "" ? "the repository" : folder;
  return {
    name: `${where} at ${commit.slice(0, 12)}`,
    hint: "Commit one, or say with --path in which folder of the repository it is.",
    async names(inner) {
      const at = [folder, inner].filter((part) => part !== "").join("/");
      const not = at === "" ? null : await notAFolder(at, settings);
      if (not !== null) return not;
      const entries = await list([`${commit}:${at}`], settings);
      for (const entry of entries) {
        known.set(inner === "" ? entry.name : `${inner}/${entry.name}`, entry);
      }
      const names = entries.map(({ name }) => name).filter((name) => !name.startsWith("."));
      return { kind: "folder", names: names.sort() };
    },
    async below(inner, filesMax) {
      const at = [folder, inner].filter((part) => part !== "").join("/");
      const not = at === "" ? null : await notAFolder(at, settings);
      if (not !== null) return not;
      const entries = await list(["-r", `${commit}:${at}`], settings);
      const before = inner === "" ? "" : `${inner}/`;
      const shown = entries.filter(({ name }) => !/(?:^|\/)\./.test(name));
      if (shown.length > filesMax) return { kind: "too-many" };
      return filesOf(shown.map((entry) => ({ ...entry, name: `${before}${entry.name}` })));
    },
    async read(files, limits) {
      const named = files.filter((file) => !known.has(file));
      for (const entry of await find(named, settings)) known.set(entry.name, entry);
      return readAll(files, { known, limits, settings });
    },
  };
}

function filesOf(entries: readonly Entry[]): FilesBelow {
  const files: string[] = [];
  const unreadable = new Map<string, Unreadable>();
  for (const entry of entries) {
    const not = unreadableEntry(entry);
    if (not === null) files.push(entry.name);
    else unreadable.set(entry.name, not);
  }
  return { kind: "files", files: files.sort(), unreadable };
}

/** Files that lie deeper, by their paths in the folder. */
async function find(files: readonly string[], settings: TreeSettings): Promise<readonly Entry[]> {
  const { commit, folder } = settings;
  if (files.length === 0) return [];
  const before = folder === "" ? "" : `${folder}/`;
  const found = await list([commit, ...files.map((file) => `${before}${file}`)], settings);
  return found.map((entry) => ({ ...entry, name: entry.name.slice(before.length) }));
}

/** Null: it is a folder. */
async function notAFolder(
  at: string,
  settings: TreeSettings,
): Promise<Unreadable | { readonly kind: "none" } | null> {
  const [entry] = await list([settings.commit, at], settings);
  if (entry?.mode === FOLDER) return null;
  const unreadable = entry === undefined ? null : unreadableEntry(entry);
  return unreadable ?? { kind: "none" };
}

function unreadableEntry({ mode }: Entry): Unreadable | null {
  if (mode === LINK) {
    const hint = "Commit the file itself: links are not followed.";
    return { kind: "unreadable", got: "a symbolic link", hint };
  }
  if (mode === SUBMODULE) {
    const hint = "Commit the files themselves: submodules are not fetched.";
    return { kind: "unreadable", got: "a submodule", hint };
  }
  return null;
}

async function list(args: readonly string[], { git }: TreeSettings): Promise<readonly Entry[]> {
  const run = { timeoutMs: READ_MS, outputBytesMax: LIST_BYTES_MAX };
  const ended = await git(["ls-tree", "-z", "-l", ...args], run);
  if (ended.kind === "failed") throw new TreeUnreadable(ended.because);
  const lines = ended.out.toString("utf8").split("\0");
  return lines.flatMap((line) => {
    const [, mode, object, bytes, name] =
      /^(\d+) \w+ ([0-9a-f]+) +(\d+|-)\t(.*)$/s.exec(line) ?? [];
    if (mode === undefined || object === undefined || name === undefined) return [];
    return [{ mode, object, name, bytes: bytes === "-" ? null : Number(bytes) }];
  });
}

interface Reading {
  readonly known: ReadonlyMap<string, Entry>;
  readonly limits: ReadLimits;
  readonly settings: TreeSettings;
}

async function readAll(
  files: readonly string[],
  reading: Reading,
): Promise<ReadonlyMap<string, FileFound>> {
  const found = new Map<string, FileFound>();
  const wanted: Entry[] = [];
  let bytes = 0;
  for (const file of files) {
    const entry = reading.known.get(file);
    const not = entry === undefined ? NONE : whyNot(entry, bytes, reading.limits);
    found.set(file, not ?? EMPTY);
    if (not !== null || entry === undefined) continue;
    wanted.push({ ...entry, name: file });
    bytes += entry.bytes ?? 0;
  }
  for (const [file, content] of await contents(wanted, bytes, reading.settings)) {
    found.set(file, { kind: "bytes", bytes: content });
  }
  return found;
}

const NONE: FileFound = { kind: "none" };
const EMPTY: FileFound = { kind: "bytes", bytes: new Uint8Array(0) };

/** Null: it is read. */
function whyNot(entry: Entry, before: number, limits: ReadLimits): FileFound | null {
  const unreadable = unreadableEntry(entry);
  if (unreadable !== null) return unreadable;
  if (entry.bytes === null) return { kind: "unreadable", got: "a folder", hint: "Rename it." };
  if (entry.bytes > limits.fileBytesMax) return { kind: "too-large", bytes: entry.bytes };
  return before + entry.bytes > limits.bytesMax ? { kind: "beyond" } : null;
}

async function contents(
  wanted: readonly Entry[],
  bytes: number,
  { git }: TreeSettings,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const input = wanted.map(({ object }) => `${object}\n`).join("");
  const outputBytesMax = bytes + wanted.length * HEADER_BYTES_MAX;
  const ended = await git(["cat-file", "--batch"], { timeoutMs: READ_MS, outputBytesMax, input });
  if (ended.kind === "failed") throw new TreeUnreadable(ended.because);
  const read = new Map<string, Uint8Array>();
  let at = 0;
  for (const entry of wanted) {
    const from = ended.out.indexOf("\n", at) + 1;
    const header = ended.out.toString("latin1", at, from);
    const to = from + (entry.bytes ?? 0);
    if (header !== `${entry.object} blob ${entry.bytes}\n` || to >= ended.out.length) {
      throw new TreeUnreadable(`git did not hand out ${entry.name}`);
    }
    read.set(entry.name, ended.out.subarray(from, to));
    at = to + 1;
  }
  return read;
}
