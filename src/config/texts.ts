/** What a folder hands out → texts, or what is wrong with its files before any is read. */
import type { FileFound, ReadLimits, Unreadable } from "../ports/guardrails.ts";
import { FOLDER_BYTES_MAX } from "./bundle.ts";
import type { Files, Issue } from "./configuration.ts";
import { FILE_BYTES_MAX } from "./source.ts";

/** Files of a folder, and what is wrong with it before any of them is read. */
export interface FolderRead {
  readonly files: Files;
  readonly issues: readonly Issue[];
  readonly warnings: readonly Issue[];
}

export const READ_LIMITS: ReadLimits = {
  fileBytesMax: FILE_BYTES_MAX,
  bytesMax: FOLDER_BYTES_MAX,
};

/** What Git has in place of a file that is kept elsewhere. */
const LFS_POINTER = "version https://git-lfs.github.com/spec/";

export function textsOf(found: ReadonlyMap<string, FileFound>) {
  const files = new Map<string, string>();
  const issues: Issue[] = [];
  let bytes = 0;
  for (const [file, one] of found) {
    const text = textOf(file, one);
    if (typeof text === "string") files.set(file, text);
    else issues.push(text);
    if (one.kind === "bytes") bytes += one.bytes.length;
    if (one.kind === "beyond") break;
  }
  return { files, issues, bytes };
}

function textOf(file: string, found: FileFound): string | Issue {
  switch (found.kind) {
    case "none":
      return unreadable(file, { got: "what cannot be read", hint: "It leads to no file." });
    case "unreadable":
      return unreadable(file, found);
    case "too-large":
      return folderIssue(file, `${found.bytes} bytes`, `at most ${FILE_BYTES_MAX}`, "Split it.");
    case "beyond": {
      const got = `files of more than ${FOLDER_BYTES_MAX} bytes together`;
      return folderIssue(file, got, "less", "Split the agents over several gateways.");
    }
    case "bytes":
      return decoded(file, found.bytes);
  }
}

function decoded(file: string, bytes: Uint8Array): string | Issue {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return unreadable(file, { got: "what cannot be read", hint: "Save it as UTF-8." });
  }
  if (!text.startsWith(LFS_POINTER)) return text;
  const hint = "Keep it in the repository itself: `git lfs untrack`, and commit it again.";
  return unreadable(file, { got: "a pointer of Git LFS", hint });
}

export function unreadable(file: string, { got, hint }: Omit<Unreadable, "kind">): Issue {
  return folderIssue(file, got, "a readable file of UTF-8 text", hint);
}

/** Of a whole file. */
export function folderIssue(file: string, got: string, expected: string, hint: string): Issue {
  return { file, line: null, path: "", got, expected, hint };
}
