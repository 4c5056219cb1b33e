/** A guardrails folder on this disk. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { FileFound, GuardrailsTree, NamesFound, ReadLimits } from "../ports/guardrails.ts";
import { codeOf, filesBelow } from "./disk-walk.ts";

export function diskTree(folder: string): GuardrailsTree {
  return {
    name: folder,
    hint: `\`slipclutch init ${folder}\` writes one.`,
    names: (inner) => namesIn(join(folder, inner)),
    below: (inner, filesMax) => filesBelow(folder, inner, filesMax),
    async read(files, limits) {
      const found = new Map<string, FileFound>();
      let bytes = 0;
      for (const file of files) {
        const one = await fileAt(join(folder, file), bytes, limits);
        found.set(file, one);
        if (one.kind === "bytes") bytes += one.bytes.length;
      }
      return found;
    },
  };
}

async function namesIn(folder: string): Promise<NamesFound> {
  try {
    const names = await readdir(folder);
    return { kind: "folder", names: names.filter((name) => !name.startsWith(".")).sort() };
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return { kind: "none" };
    throw error;
  }
}

async function fileAt(path: string, before: number, limits: ReadLimits): Promise<FileFound> {
  try {
    const { size } = await stat(path);
    if (size > limits.fileBytesMax) return { kind: "too-large", bytes: size };
    if (before + size > limits.bytesMax) return { kind: "beyond" };
    return { kind: "bytes", bytes: await readFile(path) };
  } catch (error) {
    const code = codeOf(error);
    if (code === null) throw error;
    if (code === "ENOENT" || code === "ENOTDIR") return { kind: "none" };
    return { kind: "unreadable", got: "what cannot be read", hint: `${code}.` };
  }
}
