/** The scripts that CI runs on a change of the guardrails folder, on a real Git repository. */
import { execFileSync, spawnSync } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { MAIN, NODE, writeFolder } from "../support/gateway.ts";

const DEPLOY = path.join(import.meta.dirname, "..", "..", "deploy");
const CI = path.join(DEPLOY, "ci");

let root: string;

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), "slipclutch-ci-"));
  await writeGuardrails(20);
  git("init", "-qb", "main");
  commit("a folder");
  git("checkout", "-qb", "change");
  await writeGuardrails(30);
  commit("wider");
  git("checkout", "-q", "main");
  await writeGuardrails(20, "# What others did meanwhile widens nothing of this change.\n");
  commit("meanwhile");
  git("checkout", "-qb", "narrow");
  await writeGuardrails(10);
  commit("narrower");
  git("checkout", "-qb", "broken");
  await writeFile(path.join(root, "guardrails/slipclutch.yaml"), "version: 2\n");
  commit("broken");
});

afterAll(() => rm(root, { recursive: true }));

async function writeGuardrails(maxLength: number, note = ""): Promise<void> {
  const manifest = {
    version: 1,
    agent: "worker",
    allowed_tools: [
      { tool_name: "echo", arguments: { properties: { "``` a": { type: "string", maxLength } } } },
    ],
  };
  await writeFolder(
    {
      "slipclutch.yaml": `${note}version: 1
tool_servers: { desk: { kind: mcp, url: "http://127.0.0.1:1/", tools: { echo: { effect: read } } } }
budgets: [{ name: all, each: agent, limit_usd: 1, window: day }]
`,
      "agents/worker.yaml": manifest,
    },
    path.join(root, "guardrails"),
  );
}

function git(...args: string[]): string {
  const who = ["-c", "user.name=t", "-c", "user.email=t@t"];
  return execFileSync("git", [...who, ...args], { cwd: root, stdio: "pipe" })
    .toString()
    .trim();
}

function commit(words: string): void {
  git("add", "-A");
  git("commit", "-qm", words);
}

function run(script: string, environment: Record<string, string>, bin = "") {
  const { PATH = "" } = process.env;
  const ran = spawnSync("bash", [path.join(CI, script)], {
    cwd: root,
    env: { HOME: root, PATH: `${bin}:${PATH}`, COMMAND: `${NODE} ${MAIN}`, ...environment },
  });
  return { code: ran.status, out: ran.stdout.toString(), err: ran.stderr.toString() };
}

describe("manifest-diff.sh", () => {
  test("is 3 for what got wider, and tells it so that nothing of it can break out", async () => {
    const report = path.join(root, "report.md");
    const answer = run("manifest-diff.sh", { BASE: "main", HEAD: "change", REPORT: report });
    expect(answer.code).toBe(3);
    expect(answer.out).toContain("/``` a: maxLength 20 → 30");
    const words = (await readFile(report, "utf8")).split("\n");
    expect(words.slice(0, 4)).toEqual([
      "<!-- slipclutch manifest diff -->",
      "### Guardrails",
      "",
      "**What agents may do got wider, or may have.** A person should review this.",
    ]);
    expect(words.slice(4).every((line) => /^( {4}.*)?$/.test(line))).toBe(true);
  });

  test("runs from elsewhere, so that the change cannot say what npx runs", () => {
    const answer = run("manifest-diff.sh", { BASE: "main", HEAD: "change", COMMAND: "pwd #" });
    expect(answer.out.trim()).not.toContain(root);
    expect(answer.out).toMatch(/^\/\S+\n$/);
  });

  test("is 0 for what got narrower, 1 for what does not load, 2 without a common past", () => {
    expect(run("manifest-diff.sh", { BASE: "main", HEAD: "narrow" })).toMatchObject({ code: 0 });
    expect(run("manifest-diff.sh", { BASE: "main", HEAD: "broken" })).toMatchObject({ code: 1 });
    expect(run("manifest-diff.sh", { BASE: "nowhere" })).toMatchObject({ code: 2 });
    expect(run("manifest-diff.sh", {}).code).not.toBe(0);
  });
});

describe("require-review.sh", () => {
  /** Stands for GitHub's own program: answers as its API would after `--jq`, and keeps what it is asked. */
  async function ghAnswering(comments: string, reviews: string): Promise<string> {
    const bin = await mkdtemp(path.join(root, "bin-"));
    await writeFile(path.join(bin, "comments"), comments);
    await writeFile(path.join(bin, "reviews"), reviews);
    const gh = `#!/usr/bin/env bash
here="$(dirname "$0")"
printf '%s\\n' "$*" >>"$here/asked"
case "$*" in
  *--method*) ;;
  *issues/7/comments*) cat "$here/comments" ;;
  *pulls/7/reviews*) cat "$here/reviews" ;;
esac
`;
    await writeFile(path.join(bin, "gh"), gh);
    await chmod(path.join(bin, "gh"), 0o755);
    return bin;
  }

  const PULL = { REPOSITORY: "o/r", PULL: "7", AUTHOR: "ann", COMMIT: "c2", REPORT: "report.md" };
  const approval = (...parts: string[]) => `${parts.join("\t")}\n`;

  test.each([
    ["nobody has said anything", "", 3],
    ["another member approved this commit", approval("bob", "APPROVED", "c2", "MEMBER"), 0],
    ["an older commit was approved", approval("bob", "APPROVED", "c1", "MEMBER"), 3],
    ["the author approved it", approval("ann", "APPROVED", "c2", "OWNER"), 3],
    ["a stranger approved it", approval("eve", "APPROVED", "c2", "CONTRIBUTOR"), 3],
    [
      "it was approved and then called back",
      approval("bob", "APPROVED", "c2", "MEMBER") +
        approval("bob", "CHANGES_REQUESTED", "c2", "MEMBER"),
      3,
    ],
    [
      "it was approved, and something was said after",
      approval("bob", "APPROVED", "c2", "OWNER") + approval("bob", "COMMENTED", "c2", "OWNER"),
      0,
    ],
  ])("where something got wider and %s", async (_, reviews, code) => {
    const bin = await ghAnswering("", reviews);
    expect(run("require-review.sh", { ...PULL, CODE: "3" }, bin).code).toBe(code);
    const asked = await readFile(path.join(bin, "asked"), "utf8");
    expect(asked).toContain("--method POST repos/o/r/issues/7/comments -F body=@report.md");
  });

  test("where nothing did, wants nothing, and says so only where it said something before", async () => {
    const first = await ghAnswering("", "");
    expect(run("require-review.sh", { ...PULL, CODE: "0" }, first).code).toBe(0);
    expect(await readFile(path.join(first, "asked"), "utf8")).not.toContain("--method");
    const again = await ghAnswering("12\n", "");
    expect(run("require-review.sh", { ...PULL, CODE: "0" }, again).code).toBe(0);
    const asked = await readFile(path.join(again, "asked"), "utf8");
    expect(asked).toContain("--method PATCH repos/o/r/issues/comments/12 -F body=@report.md");
  });

  test("where they could not be compared, no approval helps", async () => {
    const bin = await ghAnswering("", approval("bob", "APPROVED", "c2", "MEMBER"));
    expect(run("require-review.sh", { ...PULL, CODE: "1" }, bin).code).toBe(1);
  });
});

test("the action runs these scripts, and takes nothing from people into a script", async () => {
  const action = parse(await readFile(path.join(DEPLOY, "github-action/action.yml"), "utf8"));
  const runs = action.runs.steps.map(({ run: script }: { run: string }) => script).join("\n");
  expect(runs).toContain("$GITHUB_ACTION_PATH/../ci/manifest-diff.sh");
  expect(runs).toContain("$GITHUB_ACTION_PATH/../ci/require-review.sh");
  expect(runs).not.toContain("${{");
});
