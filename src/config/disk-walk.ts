/** All files below a folder on this disk, without leaving the guardrails folder that it is in. */
import type { Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import type { FilesBelow, Unreadable } from "../ports/guardrails.ts";

/** `inner` is a folder of `folder`, or "" for all of it. */
export async function filesBelow(
  folder: string,
  inner: string,
  filesMax: number,
): Promise<FilesBelow> {
  try {
    const walk = new Walk(folder, await realpath(folder), filesMax);
    const refused = await walk.enter(inner);
    if (refused !== null) return refused;
    if (walk.isFull) return { kind: "too-many" };
    return { kind: "files", files: walk.files.sort(), unreadable: walk.unreadable };
  } catch (error) {
    const code = codeOf(error);
    if (code === null) throw error;
    return code === "ENOENT" ? { kind: "none" } : { ...NOWHERE, hint: `${code}.` };
  }
}

class Walk {
  readonly files: string[] = [];
  readonly unreadable = new Map<string, Unreadable>();
  readonly #folder: string;
  readonly #real: string;
  readonly #filesMax: number;
  /** Where it has been, by real paths: links may lead in circles. */
  readonly #entered = new Set<string>();

  constructor(folder: string, real: string, filesMax: number) {
    this.#folder = folder;
    this.#real = real;
    this.#filesMax = filesMax;
  }

  get isFull(): boolean {
    return this.files.length > this.#filesMax || this.#entered.size > this.#filesMax;
  }

  /** Null: what is below it was found. Throws where it is not there. */
  async enter(inner: string): Promise<Unreadable | null> {
    const path = join(this.#folder, inner);
    const real = await realpath(path);
    if (!this.#isInside(real)) return OUT;
    if (this.#entered.has(real)) return AGAIN;
    this.#entered.add(real);
    const entries = await entriesOf(path);
    if ("kind" in entries) return entries;
    for (const entry of entries) {
      if (this.isFull) return null;
      const at = inner === "" ? entry.name : `${inner}/${entry.name}`;
      const refused = entry.name.startsWith(".") ? null : await this.#look(at, entry);
      if (refused !== null) this.unreadable.set(at, refused);
    }
    return null;
  }

  async #look(at: string, entry: Dirent): Promise<Unreadable | null> {
    if (entry.isSymbolicLink()) return this.#follow(at);
    if (entry.isDirectory()) return this.enter(at);
    if (!entry.isFile()) return OTHER;
    this.files.push(at);
    return null;
  }

  async #follow(at: string): Promise<Unreadable | null> {
    try {
      const real = await realpath(join(this.#folder, at));
      if (!this.#isInside(real)) return OUT;
      const found = await stat(real);
      if (found.isDirectory()) return this.enter(at);
      if (!found.isFile()) return OTHER;
      this.files.push(at);
      return null;
    } catch (error) {
      const code = codeOf(error);
      if (code === null) throw error;
      return { ...NOWHERE, hint: `${code}.` };
    }
  }

  #isInside(real: string): boolean {
    const way = relative(this.#real, real);
    return way !== ".." && !way.startsWith(`..${sep}`);
  }
}

async function entriesOf(path: string): Promise<readonly Dirent[] | Unreadable> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    const code = codeOf(error);
    if (code === null || code === "ENOENT") throw error;
    if (code === "ENOTDIR") return FILE;
    return { kind: "unreadable", got: "what cannot be read", hint: `${code}.` };
  }
}

const FILE: Unreadable = {
  kind: "unreadable",
  got: "a file",
  hint: "Put the files in a folder of that name.",
};

const OUT: Unreadable = {
  kind: "unreadable",
  got: "a link that leads out of the folder",
  hint: "Put the file itself there.",
};

const AGAIN: Unreadable = {
  kind: "unreadable",
  got: "a link to a folder that is read already",
  hint: "Remove the link.",
};

const NOWHERE: Unreadable = {
  kind: "unreadable",
  got: "what leads nowhere",
  hint: "",
};

const OTHER: Unreadable = {
  kind: "unreadable",
  got: "something else than a file",
  hint: "Move it out of the folder.",
};

/** Of an error of the file system. */
export function codeOf(error: unknown): string | null {
  const code = error instanceof Error && "code" in error ? error.code : null;
  return typeof code === "string" ? code : null;
}
