/** A guardrails folder as it was at a Git revision, by the `git` of this machine. */
import { spawn } from "node:child_process";
import { stat } from "node:fs/promises";
import { dirname, relative, sep } from "node:path";
import type { Files } from "../../config/configuration.ts";
import { AGENT_FILES_MAX } from "../../config/load.ts";
import { documentsOf } from "../../config/openapi/documents.ts";
import { isPolicyFile, POLICY_FILES_MAX } from "../../config/policies.ts";
import { BUNDLE_BYTES_MAX, bundleNamedIn } from "../../config/policy-bundle.ts";
import { POLICY_ROOT } from "../../config/policy-settings.ts";
import { FILE_BYTES_MAX } from "../../config/source.ts";
import { CommandError, EXIT } from "../shell.ts";

/** Of all files of a folder together, and of git's own words. */
const OUTPUT_BYTES_MAX = 256 * 1024 * 1024;
const WORDS_CHARS_MAX = 300;

export interface Repository {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Texts of the folder's files at a revision; none where it had no such folder. */
export async function filesAt(revision: string, asked: Repository): Promise<Files> {
  // It may be gone by now: git is asked from what is left of the way to it.
  const folder = await nearestFolder(asked.folder);
  const repository = { ...asked, folder };
  const commit = await commitOf(revision, repository);
  const above = (await git(["rev-parse", "--show-prefix"], repository)).toString().trimEnd();
  const names = [above.replace(/\/$/, ""), ...relative(folder, asked.folder).split(sep)];
  const path = names.filter((name) => name !== "").join("/");
  const blobs = await blobsOf(`${commit}:${path}`, repository);
  const policies = [...blobs.keys()].filter(isPolicy);
  const own = [...blobs.keys()].filter((file) => READ.test(file));
  if (own.length > AGENT_FILES_MAX + 2 || policies.length > POLICY_FILES_MAX) {
    const hint = "Split the agents over several gateways.";
    const count = own.length + policies.length;
    throw new CommandError(EXIT.no, `${revision} has ${count} files`, hint);
  }
  const main = await textsOf([...own, ...policies], blobs, repository);
  // One that is not there is told where it is named.
  const named = documentsOf(main).filter((file) => blobs.has(file));
  const documents = await textsOf(named, blobs, repository);
  return new Map([...main, ...documents, ...(await bundleOf(main, blobs, repository))]);
}

function isPolicy(file: string): boolean {
  return file.startsWith(`${POLICY_ROOT}/`) && isPolicyFile(file);
}

/** The bundle of policies that is named, if it is there: in base64, as the folder has it. */
async function bundleOf(main: Files, blobs: Blobs, repository: Repository): Promise<Files> {
  const name = bundleNamedIn(main);
  if (name === null || !blobs.has(name)) return new Map();
  const found = await bytesOf([name], blobs, { ...repository, fileBytesMax: BUNDLE_BYTES_MAX });
  return new Map([...found].map(([file, bytes]) => [file, bytes.toString("base64")]));
}

async function nearestFolder(path: string): Promise<string> {
  const above = dirname(path);
  return path === above || (await isFolder(path)) ? path : nearestFolder(above);
}

export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    const isMissing = error instanceof Error && "code" in error;
    if (isMissing && (error.code === "ENOENT" || error.code === "ENOTDIR")) return false;
    throw error;
  }
}

/** Whatever it is called, it is asked for by its hash from here on. */
async function commitOf(revision: string, repository: Repository): Promise<string> {
  const given = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`];
  const answer = await git(given, repository, "no such revision");
  return answer.toString().trim();
}

const READ = /^(slipclutch\.yaml|prices\.yaml|agents\/[^/.][^/]*\.(json|ya?ml))$/;

/** By their names in the folder. */
type Blobs = ReadonlyMap<string, string>;

async function blobsOf(tree: string, repository: Repository): Promise<Blobs> {
  const exists = await git(["cat-file", "-t", tree], repository, null);
  // The folder was made later: then nothing was granted.
  if (exists.toString().trim() !== "tree") return new Map();
  const listed = await git(["ls-tree", "-r", "-z", "--full-tree", tree], repository);
  return new Map(
    listed
      .toString()
      .split("\0")
      .flatMap((line) => {
        const [, type, id, file] = /^\d+ (\w+) ([0-9a-f]+)\t(.*)$/s.exec(line) ?? [];
        const isBlob = type === "blob" && id !== undefined && file !== undefined;
        return isBlob ? [[file, id] as const] : [];
      }),
  );
}

async function textsOf(
  files: readonly string[],
  blobs: Blobs,
  repository: Repository,
): Promise<Files> {
  const found = await bytesOf(files, blobs, { ...repository, fileBytesMax: FILE_BYTES_MAX });
  return new Map([...found].map(([file, bytes]) => [file, bytes.toString("utf8")]));
}

/** All at once: a process for each would take seconds for a hundred agents. */
async function bytesOf(
  files: readonly string[],
  blobs: Blobs,
  { fileBytesMax, ...repository }: Repository & { readonly fileBytesMax: number },
): Promise<ReadonlyMap<string, Buffer>> {
  const found = new Map<string, Buffer>();
  if (files.length === 0) return found;
  const input = files.map((file) => `${blobs.get(file)}\n`).join("");
  const answer = await git(["cat-file", "--batch"], repository, "cannot be read", input);
  let at = 0;
  for (const file of files) {
    const lineEnd = answer.indexOf(0x0a, at);
    const bytes = Number(answer.subarray(at, lineEnd).toString().split(" ")[2]);
    if (!(bytes <= fileBytesMax)) {
      throw new CommandError(
        EXIT.no,
        `${file} (${blobs.get(file)}) has ${bytes} bytes`,
        "Split it.",
      );
    }
    found.set(file, answer.subarray(lineEnd + 1, lineEnd + 1 + bytes));
    at = lineEnd + 1 + bytes + 1;
  }
  return found;
}

/** What git says. `otherwise`: told where it fails; null: a failure is an answer without words. */
function git(
  given: readonly string[],
  { environment, folder }: Repository,
  otherwise: string | null = "git failed",
  input = "",
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn("git", [...given], { cwd: folder, env: environment });
    const parts: Buffer[] = [];
    let bytes = 0;
    let words = "";
    child.stdout.on("data", (part: Buffer) => {
      bytes += part.length;
      if (bytes > OUTPUT_BYTES_MAX) child.kill();
      else parts.push(part);
    });
    child.stderr.on("data", (part: Buffer) => {
      words = (words + part.toString()).slice(0, WORDS_CHARS_MAX);
    });
    // git may end before it has read all: its exit code says why.
    child.stdin.on("error", () => undefined);
    child.once("error", () => {
      reject(new CommandError(EXIT.no, "git could not be started", "Install git."));
    });
    child.once("close", (code) => {
      if (code === 0 || otherwise === null) return resolve(Buffer.concat(parts));
      const what = words.trim() || given.join(" ");
      reject(new CommandError(EXIT.no, `${otherwise}: ${what}`, `In ${folder}.`));
    });
    child.stdin.end(input);
  });
}
