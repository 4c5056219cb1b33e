/**
 * The files that a configuration was read from, as they are: what they are known by, and how they
 * are kept. `${NAME}` is not replaced in them, so that they hold no secret.
 */
import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Files } from "./configuration.ts";

/** Of all files of a folder together. */
export const FOLDER_BYTES_MAX = 32 * 1024 * 1024;
/** JSON writes a byte as six at most (`\u0000`), and names are short beside what they name. */
const UNPACKED_BYTES_MAX = 7 * FOLDER_BYTES_MAX;
/** Between the files' digest and that of what they take from the environment. */
const SEAM = "+";

/** `dir:` and the SHA-256 of their names and texts: equal files have an equal one. */
export function bundleIdOf(files: Files): string {
  const parts = [...files].sort(([a], [b]) => (a < b ? -1 : 1)).flat();
  return `dir:${digestOfTexts(parts)}`;
}

/** The digest of a configuration: its files, and of the values of the environment a mark. */
export function configurationDigest(files: Files, values: readonly string[]): string {
  const id = bundleIdOf(files);
  return values.length === 0 ? id : `${id}${SEAM}${digestOfTexts(values).slice(0, 16)}`;
}

/** The files of the configuration that has this digest. */
export function bundleOf(digest: string): string {
  const [id = ""] = digest.split(SEAM);
  return id;
}

/** The length stands before each text, so that no two lists read alike. */
function digestOfTexts(texts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(`${Buffer.byteLength(text)}:`).update(text);
  return hash.digest("hex");
}

/** At once: whoever has parsed the files on this thread has waited longer than for this. */
export function packed(files: Files): Uint8Array {
  return gzipSync(JSON.stringify([...files]));
}

/** Throws where that is not what was packed under this id. */
export function unpacked(id: string, content: Uint8Array): Files {
  const text = gunzipSync(content, { maxOutputLength: UNPACKED_BYTES_MAX });
  // `as`: `packed` wrote it, or the id does not fit.
  const files = new Map(JSON.parse(text.toString("utf8")) as [string, string][]);
  if (bundleIdOf(files) !== id) throw new Error(`the store's files of ${id} are others`);
  return files;
}
