/** The dashboard's files, from where the build puts them. */
import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PageFile, Pages } from "../control/pages.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};
const INDEX = "index.html";
const ASSETS = "assets";

/** Beside the program where it is built, and in `dist` where it runs from its source. */
function folderOf(importMetaUrl: string): string {
  const place = importMetaUrl.endsWith(".ts") ? "../../dist/dashboard" : "./dashboard";
  return fileURLToPath(new URL(place, importMetaUrl));
}

/** Null: it was not built. */
export async function readPages(folder = folderOf(import.meta.url)): Promise<Pages | null> {
  let names: readonly string[];
  try {
    names = await readdir(join(folder, ASSETS));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
  const plain = names.filter((name) => TYPES[extname(name)] !== undefined);
  const files = plain.map(async (name) => {
    return [`/${ASSETS}/${name}`, await fileOf(join(folder, ASSETS, name))] as const;
  });
  const [index, ...assets] = await Promise.all([fileOf(join(folder, INDEX)), ...files]);
  return { index, files: new Map(assets) };
}

async function fileOf(path: string): Promise<PageFile> {
  const [plain, br, gzip] = await Promise.all([
    readFile(path),
    readFile(`${path}.br`),
    readFile(`${path}.gz`),
  ]);
  return { type: TYPES[extname(path)] ?? "application/octet-stream", plain, br, gzip };
}
