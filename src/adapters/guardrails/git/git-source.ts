/**
 * A branch or tag of a Git remote. What is fetched lies in a bare repository of its own, which is
 * only a cache: after anything that goes wrong in it, it is thrown away and fetched again.
 */
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Millis } from "../../../guards/money.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { GuardrailsSource, Looked } from "../../../ports/guardrails.ts";
import { type Address, addressOf, folderOf, refOf } from "./address.ts";
import { type Ended, type GitSettings, type Run, type Running, runGit } from "./command.ts";
import { gitTree } from "./tree.ts";

export { GitUnusable } from "./address.ts";
export { TreeUnreadable } from "./tree.ts";

export interface GitSourceSettings extends Omit<GitSettings, "address"> {
  readonly remote: string;
  readonly ref: string;
  readonly folder: string;
}

/** To ask a remote where a ref is. */
const ASK_MS: Millis = 20_000;
const FETCH_MS: Millis = 120_000;
const LOCAL_MS: Millis = 10_000;
const OUTPUT_BYTES_MAX = 256 * 1024;
/** Enough to tell a push from a rewrite; a history has no other use here. */
const DEPTH = 50;
/** Guardrails are text: whoever has more keeps them in a repository of their own. */
const MIRROR_BYTES_MAX = 512 * 1024 * 1024;
const LOOK_MS: Millis = 500;
const FETCHED = "refs/slipclutch/fetched";

/** Throws `GitUnusable` where the settings can be no remote, ref or folder. */
export function gitSource(settings: GitSourceSettings): GuardrailsSource {
  const source = {
    ...settings,
    address: addressOf(settings.remote),
    ref: refOf(settings.ref),
    folder: folderOf(settings.folder),
  };
  const running: Running = new Set();
  const git = (args: readonly string[], run: Run) => runGit(args, run, source, running);
  const { address, folder, mirror, ref } = source;
  return {
    name: `${address.url}#${ref}${folder === "" ? "" : `:${folder}`}`,
    look: (known) => look({ address, clock: settings.clock, folder, git, mirror, ref }, known),
    async close() {
      for (const stop of running) stop();
      await rm(mirror, { recursive: true, force: true });
    },
  };
}

interface Source {
  readonly address: Address;
  readonly clock: Clock;
  readonly mirror: string;
  readonly ref: string;
  readonly folder: string;
  readonly git: (args: readonly string[], run: Run) => Promise<Ended>;
}

type Failed = Extract<Looked, { kind: "failed" }>;

async function look(source: Source, known: string | null): Promise<Looked> {
  const ready = await prepare(source);
  if (ready !== null) return ready;
  const asked = await ask(source);
  if (asked.kind === "failed") return asked;
  if (asked.object === known) return { kind: "same" };
  const looked = await fetch(source, asked, known);
  if (looked.kind === "failed") await rm(source.mirror, { recursive: true, force: true });
  return looked;
}

/** An empty repository to fetch into, where there is none. */
async function prepare({ git, mirror }: Source): Promise<Failed | null> {
  const isThere = await stat(join(mirror, "HEAD")).then(
    () => true,
    () => false,
  );
  if (isThere) return null;
  try {
    await mkdir(mirror, { recursive: true, mode: 0o700 });
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error));
  }
  const ended = await git(["init", "--bare", "--quiet", "--template="], LOCALLY);
  return ended.kind === "failed" ? failed(ended.because) : null;
}

const LOCALLY: Run = { timeoutMs: LOCAL_MS, outputBytesMax: OUTPUT_BYTES_MAX };

interface Asked {
  readonly kind: "found";
  /** In full: `refs/heads/main`. */
  readonly ref: string;
  readonly object: string;
}

/** Where the ref is now, without fetching anything. */
async function ask({ address, git, ref }: Source): Promise<Asked | Failed> {
  const names = ref.startsWith("refs/") ? [ref] : [`refs/heads/${ref}`, `refs/tags/${ref}`];
  // What an annotated tag stands for is a line of its own.
  const patterns = names.flatMap((name) => [name, `${name}^{}`]);
  const run = { timeoutMs: ASK_MS, outputBytesMax: OUTPUT_BYTES_MAX };
  const ended = await git(["ls-remote", "--quiet", "--", address.url, ...patterns], run);
  if (ended.kind === "failed") return failed(ended.because);
  const objects = new Map<string, string>();
  for (const line of ended.out.toString("utf8").split("\n")) {
    const [object, name] = line.split("\t");
    if (object !== undefined && name !== undefined) objects.set(name, object);
  }
  const [one, other] = names.filter((name) => objects.has(name));
  if (other !== undefined) {
    return failed(`${ref} is a branch and a tag there: write ${names.join(" or ")}`);
  }
  const object = one === undefined ? undefined : (objects.get(`${one}^{}`) ?? objects.get(one));
  if (one === undefined || object === undefined) {
    return failed(`the remote has no branch and no tag ${ref}`);
  }
  return { kind: "found", ref: one, object };
}

async function fetch(source: Source, asked: Asked, known: string | null): Promise<Looked> {
  const { address, folder, git } = source;
  const flags = ["--quiet", "--force", "--no-tags", "--no-write-fetch-head", `--depth=${DEPTH}`];
  const fetched = await git(["fetch", ...flags, "--", address.url, `+${asked.ref}:${FETCHED}`], {
    timeoutMs: FETCH_MS,
    outputBytesMax: OUTPUT_BYTES_MAX,
    watch: (stop) => watchSize(source, stop),
  });
  if (fetched.kind === "failed") return failed(fetched.because);
  const named = await git(["rev-parse", "--verify", "--quiet", `${FETCHED}^{commit}`], LOCALLY);
  if (named.kind === "failed") return failed(`${asked.ref} stands for no commit`);
  const commit = named.out.toString("latin1").trim();
  if (commit === known) return { kind: "same" };
  const rewritten = known !== null && (await isRewritten(source, asked.ref, [known, commit]));
  return { kind: "commit", commit, rewritten, tree: gitTree({ commit, folder, git }) };
}

/** A tag that moved always is. Of what is no longer here nothing is said. */
async function isRewritten(
  { git }: Source,
  ref: string,
  commits: readonly [string, string],
): Promise<boolean> {
  if (ref.startsWith("refs/tags/")) return true;
  const ended = await git(["merge-base", "--is-ancestor", ...commits], LOCALLY);
  return ended.kind === "failed" && ended.code === 1;
}

/** Git itself has no limit on what it fetches. */
function watchSize({ clock, mirror }: Source, stop: (because: string) => void): () => void {
  let over = false;
  let cancel = (): void => undefined;
  const arm = (): void => {
    cancel = clock.after(LOOK_MS, () => void measure());
  };
  const measure = async (): Promise<void> => {
    const bytes = await sizeOf(join(mirror, "objects", "pack"));
    if (over) return;
    if (bytes <= MIRROR_BYTES_MAX) return arm();
    stop(`the repository is larger than ${MIRROR_BYTES_MAX} bytes: give the guardrails their own`);
  };
  arm();
  return () => {
    over = true;
    cancel();
  };
}

async function sizeOf(folder: string): Promise<number> {
  // Before the first fetch there is none.
  const names = await readdir(folder).catch(() => []);
  // A file that has gone meanwhile takes no room.
  const sizes = names.map((name) =>
    stat(join(folder, name)).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

function failed(because: string): Failed {
  return { kind: "failed", because };
}
