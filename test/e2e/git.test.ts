/** Guardrails from a Git remote, through real gateways and real remotes. */
import { createHmac } from "node:crypto";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { StatusView } from "../../src/control/client.ts";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import { forget, runCli, startGateway, type TestGateway } from "../support/gateway.ts";
import { type GitServer, Repository, serveGit } from "../support/git.ts";
import { part } from "../support/parts.ts";
import { describePostgres } from "../support/postgres.ts";
import { until } from "./clients-world.ts";

const SECRET = "a secret of the webhook";
const DAY = "24h";
const environment = { SLIPCLUTCH_WEBHOOK_SECRET: SECRET };
/** Several gateways and commands, one after another, on a machine that has more to do. */
const LONG_MS = 60_000;

let tools: McpFixture;
let repository: Repository;
let server: GitServer | null = null;
const gateways: TestGateway[] = [];

beforeAll(async () => {
  tools = await mcpFixture();
});

afterAll(() => tools.close());

beforeEach(async () => {
  repository = await Repository.make();
});

afterEach(async () => {
  for (const gateway of gateways.splice(0)) {
    await gateway.stop("SIGKILL");
    await forget(gateway);
  }
  await server?.close();
  server = null;
  await repository.remove();
});

function rules(more: Record<string, unknown> = {}) {
  const servers = { desk: { kind: "mcp", url: tools.url, tools: { echo: { effect: "read" } } } };
  const budgets = [{ name: "all", agent: "worker", limit_usd: 1, window: "lifetime" }];
  return { version: 1, tool_servers: servers, budgets, ...more };
}

const WORKER = { version: 1, agent: "worker", allowed_tools: [{ tool_name: "echo" }] };
const WITHOUT = { version: 1, agent: "worker" };

/** Commits and pushes; the commit. */
async function pushed(files: Parameters<Repository["commit"]>[0]): Promise<string> {
  const commit = await repository.commit(files);
  await repository.push();
  return commit;
}

function flags(poll: string, remote = repository.bare): readonly string[] {
  return ["--git", remote, "--ref", "main", "--poll", poll];
}

type Options = Partial<Parameters<typeof startGateway>[0]>;

async function start(options: Options = {}): Promise<TestGateway> {
  const gateway = await startGateway({ config: null, flags: flags("1s"), ...options });
  gateways.push(gateway);
  return gateway;
}

async function statusOf(gateway: TestGateway): Promise<StatusView> {
  // `as`: that is what this path answers.
  return (await (await gateway.api("GET", "/api/v1/status")).json()) as StatusView;
}

interface Called {
  readonly code: string;
  readonly decision: string;
}

/** Calls the tool, in this task; `ok`, or the code of the refusal. */
async function call(
  gateway: TestGateway,
  key = gateway.agentKey,
  task: string | null = null,
): Promise<Called> {
  const named = task === null ? {} : { "x-slipclutch-task": task };
  const headers = { authorization: `Bearer ${key}`, ...named };
  const body = { arguments: { n: 1 } };
  const answer = await gateway.call("/guard/v1/tools/echo/call", body, headers);
  await answer.arrayBuffer();
  const [decision = "", code = "ok"] = (answer.headers.get("x-slipclutch-decision") ?? "").split(
    "; code=",
  );
  return { decision, code };
}

async function explained(gateway: TestGateway, { decision }: Called) {
  return (await (await gateway.api("GET", `/api/v1/decisions/${decision}`)).json()) as {
    revision: string;
  };
}

const short = (commit: string) => `git:${commit.slice(0, 12)}`;

async function tell(gateway: TestGateway, headers: Record<string, string>, body = "{}") {
  const answer = await fetch(`${gateway.controlUrl}/hooks/git`, { method: "POST", headers, body });
  await answer.arrayBuffer();
  return answer.status;
}

function signed(body: string, secret = SECRET): Record<string, string> {
  const sum = createHmac("sha256", secret).update(body).digest("hex");
  return { "x-hub-signature-256": `sha256=${sum}` };
}

describe.skipIf(!part("git").available)("a gateway that follows a Git remote", () => {
  test("takes a push within the poll: a tool that went is refused, and the commit is told", async () => {
    const first = await pushed({ "slipclutch.yaml": rules(), "agents/worker.yaml": WORKER });
    const gateway = await start();
    const before = await call(gateway);
    expect(before.code).toBe("ok");
    const second = await pushed({ "agents/worker.yaml": WITHOUT });
    await until(async () => (await statusOf(gateway)).commit === second);
    const after = await call(gateway);
    expect(after.code).toBe("manifest.unknown-tool");
    expect(await explained(gateway, before)).toMatchObject({ revision: short(first) });
    expect(await explained(gateway, after)).toMatchObject({ revision: short(second) });
    const { out } = await gateway.cli("explain", after.decision);
    expect(out).toContain(`rules     ${short(second)}`);
    const changes = await gateway.cli("journal", "--kind", "configuration.changed", "--json");
    expect(JSON.parse(changes.out).event).toMatchObject({ commit: second, by: "git" });
    const entries = await gateway.cli("journal", "--decision", before.decision, "--json");
    expect(JSON.parse(entries.out).event).toMatchObject({ revision: short(first) });
  });

  test("names a commit that changed nothing of its folder, too", async () => {
    await pushed({ "rules/slipclutch.yaml": rules(), "rules/agents/worker.yaml": WORKER });
    const gateway = await start({ flags: [...flags("1s"), "--path", "rules"] });
    const before = await statusOf(gateway);
    const second = await pushed({ "README.md": "elsewhere" });
    await until(async () => (await statusOf(gateway)).commit === second);
    expect((await statusOf(gateway)).configuration).toBe(before.configuration);
    expect(await explained(gateway, await call(gateway))).toMatchObject({
      revision: short(second),
    });
  });

  test(
    "goes on with what is in force while what was pushed does not hold, and says so once",
    async () => {
      const first = await pushed({ "slipclutch.yaml": rules(), "agents/worker.yaml": WORKER });
      const gateway = await start();
      const second = await pushed({ "agents/worker.yaml": { ...WORKER, modles: [] } });
      await until(async () => (await statusOf(gateway)).remote?.rejected !== null);
      expect(await statusOf(gateway)).toMatchObject({
        ...{ commit: first, ready: true },
        remote: { commit: second, rejected: { commit: second, issues: [{ path: "modles" }] } },
      });
      expect((await call(gateway)).code).toBe("ok");
      const asked = async () => (await statusOf(gateway)).remote?.answered_at;
      const since = await asked();
      await until(async () => (await asked()) !== since);
      const rejected = await gateway.cli("journal", "--kind", "configuration.rejected", "--json");
      expect(rejected.out.trim().split("\n")).toHaveLength(1);
      expect(JSON.parse(rejected.out).event).toMatchObject({ commit: second, by: "git" });
      const metrics = await (await gateway.api("GET", "/metrics")).text();
      expect(metrics).toContain("slipclutch_remote_rejected 1");
      const { code, out } = await gateway.cli("status");
      expect([code, out]).toEqual([0, expect.stringContaining(`not taken        ${second}`)]);
      expect(out).toContain("agents/worker.yaml");
      const third = await pushed({ "agents/worker.yaml": WITHOUT });
      await until(async () => (await statusOf(gateway)).commit === third);
      expect((await statusOf(gateway)).remote?.rejected).toBe(null);
    },
    LONG_MS,
  );

  test(
    "goes on while the remote is away, is ready, and says since when",
    async () => {
      const first = await pushed({ "slipclutch.yaml": rules(), "agents/worker.yaml": WORKER });
      const gateway = await start({ environment });
      await rename(repository.bare, `${repository.bare}.away`);
      await until(async () => (await statusOf(gateway)).remote?.lost !== null);
      expect(await statusOf(gateway)).toMatchObject({ commit: first, ready: true });
      expect((await fetch(`${gateway.controlUrl}/readyz`)).status).toBe(200);
      expect((await call(gateway)).code).toBe("ok");
      expect(await (await gateway.api("GET", "/metrics")).text()).toContain(
        "slipclutch_remote_up 0",
      );
      const { out } = await gateway.cli("status");
      expect(out).toMatch(/git +\S+#main, lost since 20/);
      expect(out).toContain("does not appear to be a git repository");
      const reloaded = await gateway.api("POST", "/api/v1/reload");
      expect(reloaded.status).toBe(409);
      await rename(`${repository.bare}.away`, repository.bare);
      const second = await pushed({ "agents/worker.yaml": WITHOUT });
      // By itself it would ask after twice the time, each time.
      expect(await tell(gateway, signed("{}"))).toBe(202);
      await until(async () => (await statusOf(gateway)).commit === second);
      const lost = await gateway.cli("journal", "--kind", "remote.lost", "--json");
      expect(lost.out.trim().split("\n")).toHaveLength(1);
      expect((await gateway.cli("journal", "--kind", "remote.found")).out).toContain(
        "remote.found",
      );
    },
    LONG_MS,
  );

  test("takes a history that was rewritten, and says so", async () => {
    const first = await pushed({ "slipclutch.yaml": rules(), "agents/worker.yaml": WORKER });
    const gateway = await start();
    await repository.commit({ "agents/worker.yaml": WITHOUT });
    await repository.git("commit", "--quiet", "--amend", "--message=other");
    await repository.git("reset", "--quiet", "--soft", "HEAD~");
    await repository.git("commit", "--quiet", "--amend", "--message=rewritten");
    await repository.push();
    const second = await repository.git("rev-parse", "HEAD");
    await until(async () => (await statusOf(gateway)).commit === second);
    const { out } = await gateway.cli("journal", "--kind", "remote.rewritten", "--json");
    expect(JSON.parse(out).event).toMatchObject({ from: first, to: second });
  });

  test("reads at once on reload, whatever the poll", async () => {
    await pushed({ "slipclutch.yaml": rules(), "agents/worker.yaml": WORKER });
    const gateway = await start({ flags: flags(DAY) });
    const second = await pushed({ "agents/worker.yaml": WITHOUT });
    expect((await gateway.cli("reload")).code).toBe(0);
    expect(await statusOf(gateway)).toMatchObject({ commit: second });
    expect((await call(gateway)).code).toBe("manifest.unknown-tool");
  });

  test("follows a remote over HTTP that wants a token from the environment", async () => {
    const first = await pushed({ "slipclutch.yaml": rules(), "agents/worker.yaml": WORKER });
    server = await serveGit(repository);
    server.authorization = `Basic ${Buffer.from("bot:the/token").toString("base64")}`;
    const remote = server.url.replace("//", "//bot:${GIT_TOKEN}@");
    const gateway = await start({
      flags: flags("1s", remote),
      environment: { GIT_TOKEN: "the/token" },
    });
    expect(await statusOf(gateway)).toMatchObject({
      commit: first,
      remote: { source: `${server.url}#main` },
    });
    expect(gateway.log()).not.toContain("the/token");
  });
});

describe.skipIf(!part("git").available)("a task that runs at a change", () => {
  test(
    "may do what both allow, at every start of the gateway, until it ends",
    async () => {
      const first = await pushed({ "slipclutch.yaml": rules(), "agents/worker.yaml": WITHOUT });
      const gateway = await start();
      const key = gateway.agentKey;
      expect((await call(gateway, key, "running")).code).toBe("manifest.unknown-tool");
      const second = await pushed({ "agents/worker.yaml": WORKER });
      await until(async () => (await statusOf(gateway)).commit === second);
      const refused = await call(gateway, key, "running");
      expect(refused.code).toBe("manifest.unknown-tool");
      expect(await explained(gateway, refused)).toMatchObject({
        revision: `${short(second)} strictest ${short(first)}`,
      });
      expect((await call(gateway, key, "fresh")).code).toBe("ok");
      expect((await call(gateway, key)).code).toBe("ok");
      await gateway.stop();
      const again = await start({ data: gateway.dataFolder });
      expect((await call(again, key, "running")).code).toBe("manifest.unknown-tool");
      expect((await call(again, key, "fresh")).code).toBe("ok");
      await again.stop();
      // Without what it began with nobody can say what it may do.
      const store = new DatabaseSync(join(gateway.dataFolder, "store.db"));
      store.exec(`DELETE FROM bundle WHERE git_commit = '${first}'`);
      store.close();
      const without = await start({ data: gateway.dataFolder });
      expect((await call(without, key, "running")).code).toBe("gateway.unsure");
      expect(without.log()).toContain("on_change: apply");
      expect((await call(without, key, "fresh")).code).toBe("ok");
      const third = await pushed({ "agents/worker.yaml": { ...WORKER, on_change: "apply" } });
      await until(async () => (await statusOf(without)).commit === third);
      expect((await call(without, key, "running")).code).toBe("ok");
    },
    LONG_MS,
  );
});

describe.skipIf(!part("git").available)("a webhook", () => {
  test.each([
    ["GitHub's and Gitea's", (body: string) => signed(body)],
    ["GitLab's", () => ({ "x-gitlab-token": SECRET })],
  ])("of %s kind makes it look at once", async (_, headersOf) => {
    await pushed({ "slipclutch.yaml": rules(), "agents/worker.yaml": WORKER });
    const gateway = await start({ flags: flags(DAY), environment });
    const second = await pushed({ "agents/worker.yaml": WITHOUT });
    // Nothing of what it says is used.
    const body = JSON.stringify({ after: "0".repeat(40), ref: "refs/heads/elsewhere" });
    expect(await tell(gateway, headersOf(body), body)).toBe(202);
    await until(async () => (await statusOf(gateway)).commit === second);
    expect((await call(gateway)).code).toBe("manifest.unknown-tool");
  });

  test("that is not signed, is signed otherwise or is for nobody does nothing", async () => {
    const first = await pushed({ "slipclutch.yaml": rules(), "agents/worker.yaml": WORKER });
    server = await serveGit(repository);
    const gateway = await start({ flags: flags(DAY, server.url), environment });
    // It has looked once by itself.
    await until(async () => (await statusOf(gateway)).remote?.answered_at !== null);
    const asked = server.requests.length;
    await pushed({ "agents/worker.yaml": WITHOUT });
    const bad: Record<string, string>[] = [
      {},
      signed("{ }"),
      signed("{}", "another secret, as long"),
      { "x-hub-signature-256": "sha256=" },
      { "x-hub-signature-256": SECRET },
      { "x-gitlab-token": "" },
      { "x-gitlab-token": SECRET.slice(1) },
      { authorization: `Bearer ${gateway.operatorToken}` },
    ];
    for (const headers of bad) expect(await tell(gateway, headers)).toBe(401);
    const large = "x".repeat(5 * 1024 * 1024 + 1);
    expect(await tell(gateway, signed(large), large)).toBe(413);
    expect(server.requests.length).toBe(asked);
    expect(await statusOf(gateway)).toMatchObject({ commit: first });
    for (let n = 0; n < 60; n += 1) await tell(gateway, {});
    expect(await tell(gateway, signed("{}"))).toBe(429);
    const deaf = await start({ flags: flags(DAY) });
    expect(await tell(deaf, signed("{}"))).toBe(404);
  });

  test("that comes in a storm costs a question a second, and the last push is taken", async () => {
    await pushed({ "slipclutch.yaml": rules(), "agents/worker.yaml": WORKER });
    server = await serveGit(repository);
    const gateway = await start({ flags: flags(DAY, server.url), environment });
    const questions = () => server?.requests.filter((one) => one.includes("info/refs")).length ?? 0;
    const before = questions();
    for (let n = 0; n < 40; n += 1) expect(await tell(gateway, signed("{}"))).toBe(202);
    const second = await pushed({ "agents/worker.yaml": WITHOUT });
    expect(await tell(gateway, signed("{}"))).toBe(202);
    await until(async () => (await statusOf(gateway)).commit === second);
    expect(questions() - before).toBeLessThan(10);
  });
});

async function trial(flagged: readonly string[], data?: string) {
  const folder = data ?? (await mkdtemp(join(tmpdir(), "slipclutch-data-")));
  const ports = ["--agent-port", "0", "--control-port", "0", "--data", folder];
  const ended = await runCli(["start", ...flagged, ...ports]);
  if (data === undefined) await rm(folder, { recursive: true, force: true });
  return ended;
}

describe.skipIf(!part("git").available)("a gateway that starts", () => {
  test(
    "without its remote goes on from what was in force, and takes what is there once it can",
    async () => {
      const first = await pushed({ "slipclutch.yaml": rules(), "agents/worker.yaml": WORKER });
      const before = await start();
      await before.stop();
      await rename(repository.bare, `${repository.bare}.away`);
      const gateway = await start({ data: before.dataFolder, environment });
      expect(await statusOf(gateway)).toMatchObject({ commit: first, ready: true });
      expect(gateway.log()).toContain("started with what was in force last");
      expect((await call(gateway, before.agentKey)).code).toBe("ok");
      await rename(`${repository.bare}.away`, repository.bare);
      const second = await pushed({ "agents/worker.yaml": WITHOUT });
      expect(await tell(gateway, signed("{}"))).toBe(202);
      await until(async () => (await statusOf(gateway)).commit === second);
    },
    LONG_MS,
  );

  test("with a newest commit that does not hold goes on from what was in force", async () => {
    const first = await pushed({ "slipclutch.yaml": rules(), "agents/worker.yaml": WORKER });
    const before = await start();
    await before.stop();
    await pushed({ "agents/worker.yaml": "version: [" });
    const gateway = await start({ data: before.dataFolder });
    await until(async () => (await statusOf(gateway)).remote?.rejected !== null);
    expect(await statusOf(gateway)).toMatchObject({ commit: first, ready: true });
  });

  test("with nothing that was ever in force says why in a sentence, and starts nothing", async () => {
    const away = await trial(["--git", "/nonexistent", "--ref", "main"]);
    expect([away.code, away.err]).toEqual([1, expect.stringContaining("/nonexistent#main")]);
    expect(away.err).not.toContain("    at ");
    const commit = await pushed({ "slipclutch.yaml": "version: 2" });
    const invalid = await trial(flags("1s"));
    expect(invalid.code).toBe(1);
    expect(invalid.err).toContain(`at commit ${commit}`);
    expect(invalid.err).toContain("slipclutch.yaml:1 at version");
    const other = await trial(["--git", repository.bare, "--ref", "none"]);
    expect(other.err).toContain("no branch and no tag none");
  });

  test.each([
    [["--git", "x", "--config", "y"], "cannot be used with"],
    [["--git", "/x"], "--ref main"],
    [["--ref", "main"], "belong to --git"],
    [["--git", "/x", "--ref", "main", "--poll", "10ms"], "from 1s to 24h"],
    [["--git", "http://git.example.com/x", "--ref", "main"], "use https"],
    [["--git", "https://x:${NOT_SET_HERE}@git.example.com/x", "--ref", "main"], "not set"],
    [["--git", "/x", "--ref", "-main"], "no name of a branch"],
    [["--git", "/x", "--ref", "main", "--path", "../y"], "inside the repository"],
  ])("%j is refused with a sentence", async (flagged, says) => {
    const { code, err } = await trial(flagged);
    expect(code).not.toBe(0);
    expect(err).toContain(says);
    expect(err).not.toContain("    at ");
  });
});

describePostgres("gateways on one store that follow one Git remote", (cluster) => {
  const shared = () => ({
    "slipclutch.yaml": rules({ store: cluster().url, encryption_key: "ab".repeat(32) }),
    "agents/worker.yaml": WORKER,
  });

  test(
    "all follow the first that looks, from the store, also those that would look tomorrow",
    async () => {
      await pushed(shared());
      const one = await start({ flags: flags(DAY) });
      // This one has no git: all that it can follow by is the store.
      const alone = { store: cluster().url, environment: { PATH: "/nonexistent" } };
      const two = await start({ flags: flags(DAY), ...alone });
      const second = await pushed({ "agents/worker.yaml": WITHOUT });
      expect((await one.cli("reload")).code).toBe(0);
      await until(async () => (await statusOf(two)).commit === second);
      expect(await statusOf(two)).toMatchObject({ ready: true });
      expect((await call(two, one.agentKey)).code).toBe("manifest.unknown-tool");
      // A newcomer joins what they run, though something newer was pushed; then all take that.
      const third = await pushed({ "agents/worker.yaml": WORKER });
      const three = await start({ flags: flags("1s") });
      for (const gateway of [one, two, three]) {
        await until(async () => (await statusOf(gateway)).commit === third, 20_000);
        expect((await call(gateway, one.agentKey)).code).toBe("ok");
      }
    },
    LONG_MS,
  );

  test(
    "one on a machine of its own starts without the remote, where the store is named",
    async () => {
      await pushed(shared());
      const first = await repository.git("rev-parse", "HEAD");
      const one = await start({ flags: flags(DAY) });
      const made = await one.api("POST", "/api/v1/keys", { agent: "worker" });
      const { key } = (await made.json()) as { key: string };
      await rename(repository.bare, `${repository.bare}.away`);
      const refused = await trial(flags(DAY));
      expect([refused.code, refused.err]).toEqual([1, expect.stringContaining("cannot be had")]);
      const two = await start({ flags: flags(DAY), store: cluster().url });
      expect(await statusOf(two)).toMatchObject({ commit: first, ready: true });
      expect((await call(two, key)).code).toBe("ok");
    },
    LONG_MS,
  );
});
