/** The scripts that CI runs on a change of the guardrails folder, on a real Git repository. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { MAIN, NODE, writeFolder } from "../support/gateway.ts";
import { askedOf, type GitHub, gitHubIn, type Review } from "../support/github.ts";
import { part } from "../support/parts.ts";

const CI = path.join(import.meta.dirname, "..", "..", "deploy", "ci");

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

test.skipIf(!part("shellcheck").available)("ShellCheck finds nothing in the scripts", async () => {
  const action = path.join(CI, "..", "github-action", "action.yml");
  const steps: { run: string }[] = parse(await readFile(action, "utf8")).runs.steps;
  const scripts = ["manifest-diff.sh", "require-review.sh"].map((name) => path.join(CI, name));
  for (const [index, { run: script }] of steps.entries()) {
    const file = path.join(root, `step-${index}.sh`);
    await writeFile(file, script);
    scripts.push(file);
  }
  const checked = spawnSync("shellcheck", ["--shell=bash", ...scripts]);
  expect([checked.stdout.toString(), checked.status]).toEqual(["", 0]);
});

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
    expect(run("manifest-diff.sh", {}).code).toBe(2);
  });

  test("says in its report too why it could not compare", async () => {
    const report = path.join(root, "why.md");
    run("manifest-diff.sh", { BASE: "main", HEAD: "broken", REPORT: report });
    const words = await readFile(report, "utf8");
    expect(words).toContain("**The guardrails could not be compared.**");
    expect(words).toContain("    slipclutch: ");
    run("manifest-diff.sh", { REPORT: report });
    expect(await readFile(report, "utf8")).toContain("    BASE is the revision that");
    const nowhere = path.join(root, "no", "folder.md");
    const unwritten = { BASE: "main", HEAD: "narrow", REPORT: nowhere };
    expect(run("manifest-diff.sh", unwritten)).toMatchObject({ code: 2 });
  });

  test("keeps what npx says beside the words out of the report", async () => {
    const report = path.join(root, "apart.md");
    const COMMAND = "bash -c echo${IFS}words;echo${IFS}noise>&2;exit${IFS}3 #";
    const answer = run("manifest-diff.sh", {
      BASE: "main",
      HEAD: "change",
      REPORT: report,
      COMMAND,
    });
    expect(answer).toMatchObject({ code: 3, out: "words\n", err: "noise\n" });
    expect(await readFile(report, "utf8")).not.toContain("noise");
  });
});

describe("require-review.sh", () => {
  const PULL = { REPOSITORY: "o/r", PULL: "7", AUTHOR: "ann", COMMIT: "c2", REPORT: "report.md" };
  const permissions = { ann: "admin", bob: "write", rae: "read" } as const;

  beforeAll(() => writeFile(path.join(root, "report.md"), "words"));

  async function gh(github: GitHub): Promise<string> {
    return gitHubIn(await mkdtemp(path.join(root, "bin-")), { permissions, ...github });
  }

  test.each<[string, readonly Review[], number]>([
    ["nobody has said anything", [], 3],
    [
      "somebody who may write approved this commit",
      [{ by: "bob", state: "APPROVED", commit: "c2" }],
      0,
    ],
    ["an older commit was approved", [{ by: "bob", state: "APPROVED", commit: "c1" }], 3],
    ["the author approved it", [{ by: "ann", state: "APPROVED", commit: "c2" }], 3],
    ["a stranger approved it", [{ by: "eve", state: "APPROVED", commit: "c2" }], 3],
    ["somebody who may only read approved it", [{ by: "rae", state: "APPROVED", commit: "c2" }], 3],
    [
      "a stranger and then somebody who may write approved it",
      [
        { by: "eve", state: "APPROVED", commit: "c2" },
        { by: "bob", state: "APPROVED", commit: "c2" },
      ],
      0,
    ],
    [
      "it was approved and then called back",
      [
        { by: "bob", state: "APPROVED", commit: "c2" },
        { by: "bob", state: "CHANGES_REQUESTED", commit: "c2" },
      ],
      3,
    ],
    [
      "it was approved, and something was said after",
      [
        { by: "bob", state: "APPROVED", commit: "c2" },
        { by: "bob", state: "COMMENTED", commit: "c2" },
      ],
      0,
    ],
  ])("where something got wider and %s", async (_, reviews, code) => {
    const bin = await gh({ reviews });
    expect(run("require-review.sh", { ...PULL, CODE: "3" }, bin).code).toBe(code);
    const asked = await askedOf(bin);
    expect(asked).toContain("--method POST repos/o/r/issues/7/comments -F body=@report.md");
  });

  test("where nothing did, wants nothing, and says so only where it said something before", async () => {
    const first = await gh({});
    expect(run("require-review.sh", { ...PULL, CODE: "0" }, first).code).toBe(0);
    expect(await askedOf(first)).not.toContain("--method");
    const again = await gh({ comments: ["12", "13"] });
    expect(run("require-review.sh", { ...PULL, CODE: "0" }, again).code).toBe(0);
    const asked = await askedOf(again);
    expect(asked).toContain("--method PATCH repos/o/r/issues/comments/12 -F body=@report.md");
  });

  test("where they could not be compared, no approval helps", async () => {
    const bin = await gh({ reviews: [{ by: "bob", state: "APPROVED", commit: "c2" }] });
    expect(run("require-review.sh", { ...PULL, CODE: "1" }, bin).code).toBe(1);
  });

  test("without all that it has to know it lets nothing through", async () => {
    const bin = await gh({ reviews: [{ by: "bob", state: "APPROVED", commit: "" }] });
    for (const missing of [...Object.keys(PULL), "CODE"]) {
      const answer = run("require-review.sh", { ...PULL, CODE: "3", [missing]: "" }, bin);
      expect([missing, answer.code]).toEqual([missing, 1]);
    }
  });
});
