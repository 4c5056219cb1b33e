/** The GitHub Action, run step by step in real repositories: an origin, a fork and a checkout. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { type Ran, runAction } from "../support/action-runner.ts";
import { MAIN, NODE, writeFolder } from "../support/gateway.ts";
import { askedOf, type GitHub, gitHubIn } from "../support/github.ts";

const ACTION = path.join(import.meta.dirname, "..", "..", "deploy", "github-action");
const PERMISSIONS = { ann: "admin", bob: "write" } as const;

let root: string;
/** Where people write. */
let desk: string;

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), "slipclutch-action-"));
  desk = path.join(root, "desk");
  execFileSync("git", ["init", "-q", "--bare", "-b", "main", path.join(root, "origin.git")]);
  execFileSync("git", ["clone", "-q", path.join(root, "origin.git"), desk], { stdio: "pipe" });
  git("checkout", "-qb", "main");
  await writeFile(path.join(desk, "README"), "A service.\n");
  commit("begin");
});

afterEach(() => rm(root, { recursive: true }));

function git(...args: string[]): string {
  const who = ["-c", "user.name=t", "-c", "user.email=t@t"];
  return execFileSync("git", [...who, ...args], { cwd: desk, stdio: "pipe" })
    .toString()
    .trim();
}

function commit(words: string): string {
  git("add", "-A");
  git("commit", "-qm", words);
  git("push", "-q", "origin", "HEAD");
  return git("rev-parse", "HEAD");
}

interface Manifest {
  readonly agent?: string;
  readonly rounds?: number;
  readonly tools?: readonly object[];
}

function write({ agent = "worker", rounds = 10, tools = [] }: Manifest = {}): Promise<string> {
  const echo = { tool_name: "echo", rate_limit: { requests: rounds, per_seconds: 60 } };
  const declared = Object.fromEntries(
    [echo, ...tools].map((tool) => [Object(tool).tool_name, { effect: "read" }]),
  );
  const files = {
    "slipclutch.yaml": {
      version: 1,
      tool_servers: { desk: { kind: "mcp", url: "http://127.0.0.1:1/", tools: declared } },
      budgets: [{ name: "all", each: "agent", limit_usd: 1, window: "day" }],
    },
    [`agents/${agent}.yaml`]: { version: 1, agent, allowed_tools: [echo, ...tools] },
  };
  return writeFolder(files, path.join(desk, "guardrails"));
}

const approvedBy = (by: string, commit: string): GitHub => ({
  permissions: PERMISSIONS,
  reviews: [{ by, state: "APPROVED", commit }],
});

interface Opened {
  readonly base: string;
  readonly head: string;
  /** Commits of history that are checked out. */
  readonly depth?: number;
}

let runs = 0;

/** Checks the change out as `actions/checkout` does, and runs the action. */
async function open({ base, head, depth }: Opened, github: GitHub = {}) {
  runs += 1;
  const workspace = path.join(root, `workspace-${runs}`);
  const shallow = depth === undefined ? [] : [`--depth=${depth}`, "--no-tags"];
  const origin = `file://${path.join(root, "origin.git")}`;
  execFileSync("git", ["clone", "-q", "--no-checkout", ...shallow, origin, workspace]);
  const inWorkspace = (...args: string[]) =>
    execFileSync("git", args, { cwd: workspace, stdio: "pipe" });
  inWorkspace("fetch", "-q", ...shallow, "origin", head);
  inWorkspace("checkout", "-q", "--detach", head);
  const bin = await gitHubIn(path.join(root, `bin-${runs}`), github);
  const ran = await runAction({
    action: ACTION,
    workspace,
    bin,
    inputs: { command: `${NODE} ${MAIN}` },
    github: {
      repository: "o/r",
      token: github.token === "none" ? "" : "ghs_1",
      event: {
        pull_request: {
          number: 7,
          base: { sha: base },
          head: { sha: head },
          user: { login: "ann" },
        },
      },
    },
  });
  return { ...ran, asked: await askedOf(bin), body: () => bodyIn(bin) };
}

function bodyIn(bin: string): string {
  return readFileSync(path.join(bin, "body"), "utf8");
}

/** A base with the folder, and a change of it on a branch. */
async function changed(change: () => Promise<unknown>): Promise<Opened> {
  await write();
  const base = commit("guardrails");
  git("checkout", "-qb", "change");
  await change();
  return { base, head: commit("change") };
}

const wider = (ran: Ran) => [ran.code, ran.commands.some((one) => one.startsWith("error: What"))];

describe("a pull request", { timeout: 60_000 }, () => {
  test("that widens waits for somebody who may write, and passes once they approved", async () => {
    const pull = await changed(() => write({ rounds: 20 }));
    const first = await open(pull);
    expect(wider(first)).toEqual([3, true]);
    const words = "desk__echo: may be called 20 times in 60 s instead of 10 times in 60 s";
    for (const place of [first.log, first.summary, first.body()]) expect(place).toContain(words);
    expect(first.asked).toContain("--method POST repos/o/r/issues/7/comments");

    const old = await open(pull, approvedBy("bob", pull.base));
    expect(wider(old)).toEqual([3, true]);
    const now = await open(pull, { ...approvedBy("bob", pull.head), comments: ["5"] });
    expect([now.code, now.commands]).toEqual([0, []]);
    expect(now.asked).toContain("--method PATCH repos/o/r/issues/comments/5");
  });

  test("that narrows passes without a word", async () => {
    const ran = await open(await changed(() => write({ rounds: 5 })));
    expect([ran.code, ran.commands]).toEqual([0, []]);
    expect(ran.asked).not.toContain("--method");
    expect(ran.summary).toContain("Nothing that agents may do got wider.");
  });

  test("is not blamed for what others did meanwhile", async () => {
    const pull = await changed(() => write({ rounds: 5 }));
    git("checkout", "-q", "main");
    await write({ rounds: 50 });
    const base = commit("meanwhile");
    expect((await open({ ...pull, base })).code).toBe(0);
  });

  test("of a fork, whose token may only read, is held all the same", async () => {
    const fork = path.join(root, "fork.git");
    execFileSync("git", ["clone", "-q", "--bare", path.join(root, "origin.git"), fork]);
    const pull = await changed(() => write({ rounds: 20 }));
    // Its commit is in no branch of the origin, only where GitHub keeps pull requests.
    git("push", "-q", fork, "change");
    git("push", "-q", "origin", "change:refs/pull/7/head", ":change");
    const ran = await open(pull, { token: "read" });
    expect(wider(ran)).toEqual([3, true]);
    expect(ran.commands[0]).toMatch(/^warning: .*could not be commented/);
    expect(ran.summary).toContain("may be called 20 times");
    const approved = await open(pull, { ...approvedBy("bob", pull.head), token: "read" });
    expect(approved.code).toBe(0);
    expect(wider(await open(pull, { ...approvedBy("bob", pull.head), token: "none" }))).toEqual([
      3,
      true,
    ]);
  });

  test("that brings the first folder is new as a whole", async () => {
    const base = git("rev-parse", "HEAD");
    git("checkout", "-qb", "change");
    await write();
    const ran = await open({ base, head: commit("guardrails") });
    expect(wider(ran)).toEqual([3, true]);
    expect(ran.body()).toContain("agent: a new agent");
  });

  test("that takes a manifest away, or the whole folder, passes", async () => {
    const pull = await changed(async () => {
      await write({ agent: "other" });
      git("rm", "-q", "--cached", "guardrails/agents/worker.yaml");
      await rm(path.join(desk, "guardrails/agents/worker.yaml"));
    });
    const renamed = await open(pull);
    expect(wider(renamed)).toEqual([3, true]);
    expect(renamed.body()).toMatch(/agent other\n.*WIDER {5}agent: a new agent/);
    expect(renamed.body()).toMatch(/agent worker\n.*narrower {2}agent: has no manifest any more/);

    await rm(path.join(desk, "guardrails"), { recursive: true });
    const gone = await open({ base: pull.head, head: commit("gone") });
    expect([gone.code, gone.commands]).toEqual([0, []]);
  });

  test("that mends a base which does not load is new as a whole, and may be approved", async () => {
    await write();
    await writeFile(path.join(desk, "guardrails/agents/worker.yaml"), "version: 2\n");
    const base = commit("broken");
    git("checkout", "-qb", "change");
    await write();
    const pull = { base, head: commit("mended") };
    const ran = await open(pull);
    expect(wider(ran)).toEqual([3, true]);
    expect(ran.body()).toContain("is not valid, so nothing of it was in force");
    expect((await open(pull, approvedBy("bob", pull.head))).code).toBe(0);
  });

  test("that does not load is let through by nobody", async () => {
    const pull = await changed(() =>
      writeFile(path.join(desk, "guardrails/agents/worker.yaml"), "version: 2\n"),
    );
    const ran = await open(pull, approvedBy("bob", pull.head));
    expect([ran.code, ran.commands]).toEqual([
      1,
      ["error: The guardrails could not be compared; see the log."],
    ]);
    expect(ran.body()).toContain("agents/worker.yaml:1 at version");
  });

  test("without enough of its history is told what to do", async () => {
    const pull = await changed(() => write({ rounds: 20 }));
    const ran = await open({ ...pull, depth: 1 }, approvedBy("bob", pull.head));
    expect(ran.code).toBe(2);
    expect(ran.body()).toContain("fetch-depth: 0");
  });

  test("with more to say than a comment holds says how much is left out", async () => {
    const names = Array.from({ length: 2000 }, (_, index) => `${"tool-".repeat(6)}${index}`);
    const pull = await changed(() => write({ tools: names.map((tool_name) => ({ tool_name })) }));
    const ran = await open(pull);
    expect(wider(ran)).toEqual([3, true]);
    expect(ran.body()).toMatch(/\n {4}… and \d+ more lines: the log of this job has them\.\n$/);
    expect(Buffer.byteLength(ran.body())).toBeLessThan(65_536);
    expect(ran.log).toContain(names[1999]);
    expect(ran.log).toContain("A person should review it.");
  });

  test("whose words look like commands of the runner gives it none", async () => {
    const loud = { get: { operationId: "::error::all is well" } };
    const document = (paths: object) => ({
      openapi: "3.1.0",
      info: { title: "Notes", version: "1" },
      servers: [{ url: "https://notes.example" }],
      paths,
    });
    const withNotes = async (paths: object) => {
      await write();
      const file = path.join(desk, "guardrails", "slipclutch.yaml");
      const main = parse(readFileSync(file, "utf8"));
      main.tool_servers.notes = { kind: "openapi", document: "notes.yaml" };
      const worker = `version: 1\nagent: worker\nallowed_tools: [{ tool_name: echo, server: desk }]\n`;
      const files = { "slipclutch.yaml": main, "notes.yaml": document(paths) };
      const all = { ...files, "agents/worker.yaml": worker };
      await writeFolder(all, path.join(desk, "guardrails"));
    };
    await withNotes({ "/a": { get: { operationId: "a" } } });
    const base = commit("notes");
    git("checkout", "-qb", "change");
    await withNotes({ "/a": { get: { operationId: "a" } }, "/b": loud });
    const ran = await open({ base, head: commit("more") });
    expect([ran.code, ran.commands]).toEqual([0, []]);
    expect(ran.log).toContain("::error::all is well");
  });
});

test("the action lies where GitHub looks for it, and takes nothing from people into a script", async () => {
  const copy = path.join(root, "copy");
  await cp(path.join(ACTION, ".."), copy, { recursive: true });
  const action = parse(readFileSync(path.join(copy, "github-action", "action.yml"), "utf8"));
  expect(Object.keys(action).toSorted()).toEqual(["description", "inputs", "name", "runs"]);
  expect(Object.keys(action.runs).toSorted()).toEqual(["steps", "using"]);
  expect(action.runs.using).toBe("composite");
  const scripts = action.runs.steps.map(({ run }: { run: string }) => run).join("\n");
  expect(scripts).not.toContain("${{");
});
