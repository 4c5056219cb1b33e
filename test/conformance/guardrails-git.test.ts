/** The Git source against real remotes: on this disk, over HTTP, and over ssh. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { type GitSourceSettings, gitSource } from "../../src/adapters/guardrails/git/git-source.ts";
import { loadTree } from "../../src/config/load.ts";
import { readPolicyFiles } from "../../src/config/policy-folder.ts";
import type { GuardrailsSource, Looked } from "../../src/ports/guardrails.ts";
import { type GitServer, Repository, serveGit } from "../support/git.ts";
import { part } from "../support/parts.ts";

const RULES = {
  "slipclutch.yaml": { version: 1, providers: { simulated: { kind: "simulated" } } },
  "agents/worker.yaml": { version: 1, agent: "worker", uncapped: true },
};

let repository: Repository;
let mirror: string;
let server: GitServer | null = null;
const sources: GuardrailsSource[] = [];

beforeEach(async () => {
  repository = await Repository.make();
  mirror = join(await mkdtemp(join(tmpdir(), "slipclutch-mirror-")), "git");
});

afterEach(async () => {
  for (const source of sources.splice(0)) await source.close();
  await server?.close();
  server = null;
  await repository.remove();
  await rm(join(mirror, ".."), { recursive: true, force: true });
});

function sourceOf(changes: Partial<GitSourceSettings> = {}): GuardrailsSource {
  const source = gitSource({
    ...{ remote: repository.bare, ref: "main", folder: "", mirror },
    ...{ deployKey: null, knownHosts: null, clock: systemClock },
    environment: { PATH: process.env.PATH, HOME: "/nonexistent" },
    ...changes,
  });
  sources.push(source);
  return source;
}

/** The commit; else why not. */
function saysOf(looked: Looked): string {
  if (looked.kind === "commit") return looked.commit;
  return looked.kind === "same" ? "same" : looked.because;
}

async function loaded(looked: Looked) {
  if (looked.kind !== "commit") throw new Error(saysOf(looked));
  return loadTree(looked.tree, { environment: {}, today: null, commit: looked.commit });
}

/** File, what it got, and what to do of every issue. */
async function issuesOf(source = sourceOf()): Promise<string[]> {
  const found = await loaded(await source.look(null));
  if (found.kind === "ok") return [];
  return found.issues.map(({ file, got, hint }) => `${file}: ${got}. ${hint}`);
}

describe.skipIf(!part("git").available)("a Git remote", () => {
  test("is read at its newest commit, and is the same until there is another", async () => {
    await repository.commit({ ...RULES, "README.md": "# Rules" });
    const first = await repository.commit({
      "agents/other.json": '{"version":1,"agent":"other","uncapped":true}',
    });
    await repository.push();
    const source = sourceOf();
    const looked = await source.look(null);
    expect(looked).toMatchObject({ kind: "commit", commit: first, rewritten: false });
    const found = await loaded(looked);
    if (found.kind === "invalid") throw new Error(JSON.stringify(found.issues));
    expect(found.configuration.commit).toBe(first);
    const { files } = found;
    expect([...files.keys()].sort()).toEqual([
      "agents/other.json",
      "agents/worker.yaml",
      "slipclutch.yaml",
    ]);
    expect(await source.look(first)).toEqual({ kind: "same" });
    const second = await repository.commit({ "README.md": null });
    await repository.push();
    const next = await source.look(first);
    expect(next).toMatchObject({ kind: "commit", commit: second, rewritten: false });
  });

  test("has the folder where --path says", async () => {
    await repository.commit({
      "ops/guardrails/slipclutch.yaml": RULES["slipclutch.yaml"],
      "ops/guardrails/agents/worker.yaml": RULES["agents/worker.yaml"],
      "slipclutch.yaml": "version: [",
    });
    await repository.push();
    const source = sourceOf({ folder: "./ops/guardrails/" });
    expect(source.name).toBe(`${repository.bare}#main:ops/guardrails`);
    expect(await loaded(await source.look(null))).toMatchObject({ kind: "ok" });
    const [issue] = await issuesOf(sourceOf({ folder: "ops/nothing" }));
    expect(issue).toMatch(/^ops\/nothing at [0-9a-f]{12}: no folder\. .*--path/);
  });

  test("has the documents that its tool servers name, wherever they lie", async () => {
    const server = (document: string) => ({
      ...{ kind: "openapi", url: "http://127.0.0.1:9", document },
    });
    const main = {
      ...RULES["slipclutch.yaml"],
      tool_servers: { desk: server("apis/v1/desk.yaml"), gone: server("apis/gone.yaml") },
    };
    const paths = {
      "/look": { get: { operationId: "look", responses: { 200: { description: "" } } } },
    };
    const document = { openapi: "3.0.3", info: { title: "t", version: "1" }, paths };
    await repository.commit({
      "rules/slipclutch.yaml": main,
      "rules/apis/v1/desk.yaml": document,
      "rules/agents/worker.yaml": RULES["agents/worker.yaml"],
    });
    await repository.push();
    const issues = await issuesOf(sourceOf({ folder: "rules" }));
    // What is there was read; what is not is told where it is named.
    expect(issues.join("\n")).not.toContain("desk.yaml");
    expect(issues).toEqual([expect.stringContaining("slipclutch.yaml: ")]);
    await repository.commitLink("rules/apis/gone.yaml", "v1/desk.yaml");
    await repository.push();
    expect(await issuesOf(sourceOf({ folder: "rules" }))).toContain(
      "apis/gone.yaml: a symbolic link. Commit the file itself: links are not followed.",
    );
  });

  test("is followed through a rewritten branch, which is said", async () => {
    await repository.commit(RULES);
    await repository.push();
    const source = sourceOf();
    const first = saysOf(await source.look(null));
    await repository.git("commit", "--quiet", "--amend", "--message=another");
    await repository.push();
    const second = await repository.git("rev-parse", "HEAD");
    expect(await source.look(first)).toMatchObject({ commit: second, rewritten: true });
    // Back to where it was is a rewrite as well.
    await repository.git("reset", "--quiet", "--hard", first);
    await repository.push();
    expect(await source.look(second)).toMatchObject({ commit: first, rewritten: true });
  });

  test("is followed through tags, annotated ones too; one that moves is said", async () => {
    const first = await repository.commit(RULES);
    await repository.git("tag", "v1");
    await repository.git("tag", "--annotate", "--message=a", "v2");
    await repository.push("main", "v1", "v2");
    expect(saysOf(await sourceOf({ ref: "v1" }).look(null))).toBe(first);
    const source = sourceOf({ ref: "v2" });
    expect(await source.look(null)).toMatchObject({ commit: first, rewritten: false });
    expect(await source.look(first)).toEqual({ kind: "same" });
    const second = await repository.commit({ "README.md": "more" });
    await repository.git("tag", "--force", "--annotate", "--message=b", "v2");
    await repository.push("v2");
    expect(await source.look(first)).toMatchObject({ commit: second, rewritten: true });
  });

  test("whose ref is gone, never was, is two things or no commit is said so", async () => {
    const first = await repository.commit(RULES);
    await repository.push("main", "main:refs/heads/other", "main:refs/heads/x/refs/heads/none");
    const source = sourceOf({ ref: "other" });
    expect(saysOf(await source.look(null))).toBe(first);
    await repository.push("--delete", "other");
    expect(saysOf(await source.look(first))).toBe("the remote has no branch and no tag other");
    expect(saysOf(await sourceOf({ ref: "none" }).look(null))).toContain("no branch and no tag");
    await repository.push("main:refs/heads/both", "main:refs/tags/both");
    expect(saysOf(await sourceOf({ ref: "both" }).look(null))).toContain("refs/tags/both");
    expect(saysOf(await sourceOf({ ref: "refs/tags/both" }).look(null))).toBe(first);
    const blob = await repository.git("rev-parse", "HEAD:slipclutch.yaml");
    await repository.git("tag", "blob", blob);
    await repository.push("blob");
    expect(saysOf(await sourceOf({ ref: "blob" }).look(null))).toBe(
      "refs/tags/blob stands for no commit",
    );
  });

  test("that is not there fails with Git's own sentence, and is followed once it is", async () => {
    const source = sourceOf();
    expect(saysOf(await source.look(null))).toBe("the remote has no branch and no tag main");
    const away = sourceOf({ remote: "/nonexistent/guardrails.git" });
    expect(saysOf(await away.look(null))).toContain("does not appear to be a git repository");
    const commit = await repository.commit(RULES);
    await repository.push();
    expect(saysOf(await source.look(null))).toBe(commit);
  });

  test("is fetched again after what was fetched was damaged", async () => {
    const commit = await repository.commit(RULES);
    await repository.push();
    const source = sourceOf();
    await source.look(null);
    await rm(join(mirror, "objects"), { recursive: true });
    expect(saysOf(await source.look(null))).toMatch(/not a git repository|[0-9a-f]{40}/);
    expect(saysOf(await source.look(null))).toBe(commit);
    await source.close();
    expect(await readdir(join(mirror, ".."))).toEqual([]);
  });
});

describe.skipIf(!part("git").available)("in a commit", () => {
  test("a link is not followed, wherever it leads", async () => {
    await repository.commit(RULES);
    await writeFile(join(repository.work, "elsewhere.yaml"), "version: 1\nuncapped: true\n");
    for (const target of ["../elsewhere.yaml", "/etc/passwd"]) {
      await repository.commitLink("agents/worker.yaml", target);
      await repository.push();
      expect(await issuesOf()).toEqual([
        "agents/worker.yaml: a symbolic link. Commit the file itself: links are not followed.",
      ]);
    }
    await repository.commitLink("agents", "/etc");
    await repository.push();
    const hint = "Commit the file itself: links are not followed.";
    expect(await issuesOf()).toEqual([`agents: a symbolic link. ${hint}`]);
  });

  test("has the files of its policies at any depth, and no link", async () => {
    await repository.commit({
      ...{ ...RULES, "policies/a/b/c.rego": "package c", "policies/data.json": '{"x":1}' },
      "policies/a/.hidden/d.rego": "package d",
      "policies-old/e.rego": "package e",
    });
    await repository.commitLink("policies/link.rego", "/etc/passwd");
    await repository.push();
    const looked = await sourceOf().look(null);
    if (looked.kind !== "commit") throw new Error(saysOf(looked));
    const { files, issues } = await readPolicyFiles(looked.tree, "policies");
    expect([...files]).toEqual([
      ["policies/a/b/c.rego", "package c"],
      ["policies/data.json", '{"x":1}'],
    ]);
    expect(issues).toMatchObject([{ file: "policies/link.rego", got: "a symbolic link" }]);
    expect(await looked.tree.below("nowhere", 10)).toEqual({ kind: "none" });
    expect(await looked.tree.below("", 3)).toEqual({ kind: "too-many" });
  });

  test("a submodule is not fetched", async () => {
    await repository.commit({ ...RULES, "agents/worker.yaml": null });
    const commit = await repository.git("rev-parse", "HEAD");
    await repository.git("update-index", "--add", "--cacheinfo", `160000,${commit},agents`);
    await repository.git("commit", "--quiet", "--message=submodule");
    await repository.push();
    expect(await issuesOf()).toEqual([
      "agents: a submodule. Commit the files themselves: submodules are not fetched.",
    ]);
  });

  test("what is kept elsewhere, is no text, is too large or two of a kind is refused", async () => {
    await repository.commit({
      ...RULES,
      "agents/worker.yaml": "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 1\n",
      "agents/latin.yaml": Uint8Array.of(0x61, 0xe9),
      "agents/large.yaml": `# ${"x".repeat(1024 * 1024)}`,
      "agents/Other.yaml": { version: 1, agent: "Other", uncapped: true },
      "agents/other.yaml": RULES["agents/worker.yaml"],
      "agents/folder.yaml/inner.yaml": "version: 1",
      "rollouts.yaml": "[]",
    });
    await repository.push();
    const issues = (await issuesOf()).join("\n");
    expect(issues).toContain("agents/worker.yaml: a pointer of Git LFS.");
    expect(issues).toContain("agents/latin.yaml: what cannot be read. Save it as UTF-8.");
    expect(issues).toContain(`agents/large.yaml: ${1024 * 1024 + 2} bytes. Split it.`);
    expect(issues).toContain("agents/Other.yaml is the same agent but for its spelling");
    expect(issues).toContain("agents/folder.yaml: a folder.");
    expect(issues).toContain("rollouts.yaml: rules that are not enforced.");
  });

  test("names that lead out of the folder become no file and no path", async () => {
    await repository.commit(RULES);
    const blob = await repository.git("rev-parse", "HEAD:agents/worker.yaml");
    const root = await repository.git("rev-parse", "HEAD:slipclutch.yaml");
    const objects = join(repository.work, "tree");
    // Git itself makes no such tree, so its bytes are written by hand.
    const raw = Buffer.concat([Buffer.from("100644 ..\0"), Buffer.from(blob, "hex")]);
    await writeFile(objects, raw);
    const hash = ["hash-object", "-t", "tree", "-w", "--literally", objects];
    const inner = await repository.git(...hash);
    const entries = [
      Buffer.from("40000 agents\0"),
      Buffer.from(inner, "hex"),
      Buffer.from("100644 slipclutch.yaml\0"),
      Buffer.from(root, "hex"),
    ];
    await writeFile(objects, Buffer.concat(entries));
    const tree = await repository.git(...hash);
    const commit = await repository.git("commit-tree", tree, "-m", "crafted");
    await repository.git("push", "--quiet", repository.bare, `${commit}:refs/heads/main`);
    expect(saysOf(await sourceOf().look(null))).toContain("hasDotdot");
  });
});

describe.skipIf(!part("git").available)("over HTTP", () => {
  test("an unchanged remote costs one question, and no fetch", async () => {
    const commit = await repository.commit(RULES);
    await repository.push();
    server = await serveGit(repository);
    const source = sourceOf({ remote: server.url });
    expect(saysOf(await source.look(null))).toBe(commit);
    const before = server.requests.length;
    expect(await source.look(commit)).toEqual({ kind: "same" });
    const asked = server.requests.slice(before);
    expect(asked.filter((one) => one.includes("info/refs"))).toHaveLength(1);
    expect(asked.length).toBeLessThanOrEqual(2);
  });

  test("a user and a password are sent, and are nowhere to be read", async () => {
    const commit = await repository.commit(RULES);
    await repository.push();
    server = await serveGit(repository);
    server.authorization = `Basic ${Buffer.from("bot:p@ss%").toString("base64")}`;
    const anonymous = await sourceOf({ remote: server.url }).look(null);
    expect(saysOf(anonymous)).toMatch(/terminal prompts disabled|Authentication failed/);
    const source = sourceOf({ remote: server.url.replace("//", "//bot:p%40ss%@") });
    expect(saysOf(await source.look(null))).toBe(commit);
    expect(source.name).toBe(`${server.url}#main`);
    server.authorization = "Basic other";
    expect(saysOf(await source.look(commit))).not.toContain("p@ss");
  });

  test("a redirect is not followed, and a server that never answers is given up", async () => {
    await repository.commit(RULES);
    await repository.push();
    server = await serveGit(repository);
    const { url } = server;
    server.answer = { status: 302, headers: { location: `${url}/elsewhere` } };
    expect(saysOf(await sourceOf({ remote: url }).look(null))).toMatch(/302|redirect/i);
    server.answer = "never";
    // Time runs a thousand times as fast for it.
    const clock = {
      ...systemClock,
      after: (ms: number, run: () => void) => systemClock.after(ms / 1_000, run),
    };
    const because = saysOf(await sourceOf({ remote: url, clock }).look(null));
    expect(because).toMatch(/^git (init|ls-remote) took longer than \d+ s$/);
  });

  test("what is being fetched ends with the source", async () => {
    await repository.commit(RULES);
    await repository.push();
    server = await serveGit(repository);
    server.answer = "never";
    const source = sourceOf({ remote: server.url });
    const looking = source.look(null);
    while (server.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await source.close();
    expect(saysOf(await looking)).toBe("the gateway stops");
  });
});

describe.skipIf(!part("git").available)("over ssh", () => {
  test("the key and the known hosts are those that were given, and no others", async () => {
    const commit = await repository.commit(RULES);
    await repository.push();
    // In place of ssh: it writes down how it was called, and runs the far end here.
    const programs = join(mirror, "..", "programs");
    await mkdir(programs);
    const calls = join(programs, "calls");
    const script = `#!/bin/sh\nprintf '%s\\n' "$@" > '${calls}'\nfor last; do :; done\neval "$last"\n`;
    await writeFile(join(programs, "ssh"), script);
    await chmod(join(programs, "ssh"), 0o755);
    const key = "/keys/it's a key";
    const source = sourceOf({
      remote: `ssh://git@guardrails.example${repository.bare}`,
      ...{ deployKey: key, knownHosts: "/keys/known hosts" },
      environment: { PATH: `${programs}:${process.env.PATH}`, SSH_AUTH_SOCK: "/agent" },
    });
    expect(saysOf(await source.look(null))).toBe(commit);
    const words = (await readFile(calls, "utf8")).split("\n");
    expect(words).toEqual(
      expect.arrayContaining([
        ...["-F", "/dev/null", `IdentityFile="${key}"`, "git@guardrails.example"],
        ...["BatchMode=yes", "StrictHostKeyChecking=yes", "IdentitiesOnly=yes"],
        'UserKnownHostsFile="/keys/known hosts"',
      ]),
    );
  });
});

describe("what cannot be a remote, a ref or a folder is refused", () => {
  test.each([
    ["http://git.example.com/guardrails.git", "use https"],
    ["git://git.example.com/guardrails.git", "none that is taken"],
    ["ext::sh -c touch% /tmp/x", "none that is taken"],
    ["--upload-pack=touch /tmp/x", "none that is taken"],
    ["guardrails", "none that is taken"],
    ["ssh://git:secret@git.example.com/x", "takes a key"],
    ["git@-oProxyCommand=x:y", "none that is taken"],
  ])("the remote %s", (remote, says) => {
    expect(() => sourceOf({ remote })).toThrow(says);
  });

  test.each(["-x", "a..b", "a b", "refs/heads/", "a.lock", "x@{1}", "", "main^{tree}", "a:b"])(
    "the ref %j",
    (ref) => {
      expect(() => sourceOf({ ref })).toThrow("no name of a branch or tag");
    },
  );

  test.each(["../x", "a/../b", "/etc", "a\nb"])("the folder %j", (folder) => {
    expect(() => sourceOf({ folder })).toThrow("inside the repository");
  });
});
