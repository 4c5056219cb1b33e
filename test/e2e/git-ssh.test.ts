/** Gateways that follow a Git remote over ssh, with a deploy key, from a real sshd. */
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { StatusView } from "../../src/control/client.ts";
import { forget, runCli, startGateway, type TestGateway } from "../support/gateway.ts";
import { Repository } from "../support/git.ts";
import { part } from "../support/parts.ts";
import { type SshServer, serveSsh } from "../support/sshd.ts";
import { until } from "./clients-world.ts";

/** Several gateways and commands, one after another, on a machine that has more to do. */
const PATIENT = { timeout: 120_000 };

const RULES = {
  version: 1,
  providers: { house: { kind: "simulated" } },
  budgets: [{ name: "all", agent: "worker", limit_usd: 1, window: "lifetime" }],
};
const WORKER = { version: 1, agent: "worker", models: ["simulated-small"] };
const WITHOUT = { version: 1, agent: "worker", models: [] };
const ASK = {
  model: "simulated-small",
  max_tokens: 10,
  messages: [{ role: "user", content: "Hello" }],
};

let repository: Repository;
let server: SshServer;
let key: string;
const gateways: TestGateway[] = [];

async function pushed(worker: unknown): Promise<string> {
  const files = { "slipclutch.yaml": RULES, "agents/worker.yaml": worker };
  const commit = await repository.commit(files);
  await repository.push();
  return commit;
}

function flags(deployKey = key): readonly string[] {
  const remote = ["--git", server.url(repository.bare), "--ref", "main", "--poll", "1s"];
  return [...remote, "--deploy-key", deployKey, "--known-hosts", server.knownHosts];
}

async function start(data?: string): Promise<TestGateway> {
  const again = data === undefined ? {} : { data };
  const gateway = await startGateway({ config: null, flags: flags(), ...again });
  gateways.push(gateway);
  return gateway;
}

async function statusOf(gateway: TestGateway): Promise<StatusView> {
  // `as`: that is what this path answers.
  return (await (await gateway.api("GET", "/api/v1/status")).json()) as StatusView;
}

async function call(gateway: TestGateway, agentKey = gateway.agentKey): Promise<number> {
  const headers = { authorization: `Bearer ${agentKey}` };
  const answer = await gateway.call("/v1/chat/completions", ASK, headers);
  await answer.arrayBuffer();
  return answer.status;
}

/** What a start says that cannot begin. */
async function refusal(deployKey?: string): Promise<string> {
  const data = await mkdtemp(join(tmpdir(), "slipclutch-data-"));
  const ports = ["--agent-port", "0", "--control-port", "0", "--data", data];
  const { code, err } = await runCli(["start", ...flags(deployKey), ...ports]);
  await rm(data, { recursive: true, force: true });
  expect(code).toBe(1);
  expect(err).not.toContain("    at ");
  return err;
}

describe.skipIf(!part("sshd").available)("a gateway with a deploy key", PATIENT, () => {
  beforeEach(async () => {
    repository = await Repository.make();
    server = await serveSsh();
    key = await server.makeKey("deploy");
    await server.authorize(key, `restrict,command="git-upload-pack '${repository.bare}'"`);
  });

  afterEach(async () => {
    for (const gateway of gateways.splice(0)) {
      await gateway.stop("SIGKILL");
      await forget(gateway);
    }
    await server.close();
    await repository.remove();
  });

  test("starts from the remote over ssh and follows what is pushed there", async () => {
    const first = await pushed(WORKER);
    const gateway = await start();
    const source = `${server.url(repository.bare)}#main`;
    expect(await statusOf(gateway)).toMatchObject({ commit: first, remote: { source } });
    expect(await call(gateway)).toBe(200);
    const second = await pushed(WITHOUT);
    await until(async () => (await statusOf(gateway)).commit === second);
    expect(await call(gateway)).toBe(403);
  });

  test("takes nothing from a host that shows another key, and goes on as it was", async () => {
    const first = await pushed(WORKER);
    const gateway = await start();
    await server.changeHostKey();
    const second = await pushed(WITHOUT);
    await until(async () => (await statusOf(gateway)).remote?.lost !== null);
    expect(await statusOf(gateway)).toMatchObject({ commit: first, ready: true });
    expect(await call(gateway)).toBe(200);
    const sentence = `the host ${server.host} shows another key (SHA256:`;
    expect((await gateway.cli("status")).out).toContain(sentence);
    const lost = await gateway.cli("journal", "--kind", "remote.lost", "--json");
    expect(JSON.parse(lost.out).event.because).toContain(sentence);
    const reloaded = await gateway.cli("reload");
    expect([reloaded.code === 0, reloaded.err]).toEqual([false, expect.stringContaining(sentence)]);
    // A start has what was in force, and nothing else has.
    await gateway.stop();
    const again = await start(gateway.dataFolder);
    expect(await statusOf(again)).toMatchObject({ commit: first, ready: true });
    expect(again.log()).toContain(sentence);
    expect(await refusal()).toContain(sentence);
    const shown = await readFile(join(server.folder, "another-host.pub"), "utf8");
    await writeFile(server.knownHosts, `${server.host} ${shown}`);
    expect((await again.cli("reload")).code).toBe(0);
    expect(await statusOf(again)).toMatchObject({ commit: second });
    expect(await call(again, gateway.agentKey)).toBe(403);
  });

  test("that cannot be used says why in a sentence and does not start", async () => {
    await pushed(WORKER);
    const locked = await server.makeKey("locked", "a passphrase");
    await server.authorize(locked);
    expect(await refusal(locked)).toContain("it has a passphrase, which nobody is there to type");
    const other = await server.makeKey("other");
    expect(await refusal(other)).toContain(`with the deploy key ${other}: the host does not take`);
    expect(await refusal(join(server.folder, "none"))).toContain("there is no deploy key");
    await chmod(key, 0o644);
    expect(await refusal()).toContain("as others may read it: chmod 600");
    await chmod(key, 0o600);
    await writeFile(server.knownHosts, "");
    expect(await refusal()).toContain(`the host ${server.host} is not known`);
  });
});
