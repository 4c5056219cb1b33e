/**
 * From a runaway to a test that keeps it from coming back: a real trip is exported as a case, the
 * case fails on the folder that it happened under, and passes once that is tightened.
 */
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { CaseFile } from "../../src/config/incident-case.ts";
import { type McpFixture, mcpFixture } from "../../src/testing/mcp-fixture.ts";
import {
  type Folder,
  forget,
  runCli,
  startGateway,
  type TestGateway,
  writeFolder,
} from "../support/gateway.ts";

const ECHO = "/guard/v1/tools/echo/call";
const RUNAWAY = { file: "call-4711.wav", minutes: 12 };

interface Tightened {
  /** More of the grant, and more of slipclutch.yaml. */
  readonly grant?: object;
  readonly main?: object;
  /** A policy that is bound to calls of tools. */
  readonly policy?: string;
}

const folderOf = ({ grant = {}, main = {}, policy }: Tightened = {}): Folder => ({
  "slipclutch.yaml": {
    version: 1,
    tool_servers: { desk: { kind: "mcp", url: server.url, tools: { echo: { effect: "read" } } } },
    budgets: [{ name: "all", agent: "worker", limit_usd: 100, window: "lifetime" }],
    journal: { inputs: "all" },
    ...(policy && { policies: [{ name: "calls", query: "data.calls.decision", on: "tool" }] }),
    ...main,
  },
  ...(policy && { "policies/calls.rego": policy }),
  "agents/worker.yaml": {
    version: 1,
    agent: "worker",
    allowed_tools: [{ tool_name: "echo", cost: { usd: 0.1 }, ...grant }],
  },
});

let server: McpFixture;
let gateway: TestGateway;
let place: string;
let incident: string;

const file = (name: string) => join(place, name);

beforeAll(async () => {
  server = await mcpFixture();
  place = await mkdtemp(join(tmpdir(), "slipclutch-cases-"));
  gateway = await startGateway({ config: folderOf() });
  // Ordinary work first, then the same call again and again with the same result.
  await call({ file: "call-4710.wav" }, "t-0");
  for (let no = 0; no < 9; no += 1) await call(RUNAWAY, "t-1");
  const waiting = new AbortController();
  const parked = call(RUNAWAY, "t-1", waiting.signal).catch(() => null);
  const open = async () => (await gateway.api("GET", "/api/v1/reviews?state=open")).json();
  const one = async () => expect(await open()).toMatchObject([{ parked: 1 }]);
  await vi.waitFor(one, { timeout: 10_000 });
  waiting.abort();
  await parked;
  const [trip] = (await (await gateway.api("GET", "/api/v1/incidents")).json()) as { id: string }[];
  incident = trip?.id ?? "";
}, 60_000);

afterAll(async () => {
  await gateway.stop();
  await forget(gateway);
  await server.close();
  await rm(place, { recursive: true, force: true });
});

async function call(given: object, task: string, signal: AbortSignal | null = null) {
  const answer = await fetch(gateway.agentUrl + ECHO, {
    method: "POST",
    headers: {
      authorization: `Bearer ${gateway.agentKey}`,
      "content-type": "application/json",
      "x-slipclutch-task": task,
    },
    body: JSON.stringify({ arguments: given }),
    signal,
  });
  expect(answer.status).toBe(200);
}

async function caseOf(name: string): Promise<CaseFile> {
  return JSON.parse(await readFile(file(name), "utf8"));
}

/** In a folder of its own, as CI has it: without the gateway. */
async function tested(name: string, tightened: Tightened = {}) {
  const folder = await writeFolder(folderOf(tightened));
  const { code, err, out } = await runCli(["incidents", "test", file(name), "--config", folder]);
  await rm(folder, { recursive: true, force: true });
  return { code, says: out + err };
}

test("an exported incident says what was called, what it asked and what is expected from now on", async () => {
  const done = await gateway.cli("incidents", "export", incident, "--out", file("plain.json"));
  expect([done.code, done.out]).toEqual([
    0,
    `Wrote ${file("plain.json")}: 11 calls, 10 of them the runaway, to be stopped by call 9.\n`,
  ]);
  const written = await caseOf("plain.json");
  expect(written).toMatchObject({
    version: 1,
    incident: { id: incident, agent: "worker", rule: "stuck", tool: "echo", task: "t-1" },
    revision: expect.stringMatching(/^dir:/),
    whole: true,
  });
  const told = written.calls.map(({ expect: is, runaway, verdict }) => [verdict, runaway, is]);
  expect(told).toEqual([
    ["allowed", null, null],
    ...Array.from({ length: 8 }, (_, no) => ["allowed", no + 1, null]),
    ["allowed", 9, "stopped"],
    ["parked", 10, "stopped"],
  ]);
  const [first, second, ...others] = written.calls.flatMap((one) => {
    return one.kind === "tool" ? [written.inputs[one.digest]] : [];
  });
  expect([first, second]).toEqual([{ file: "call-4710.wav" }, RUNAWAY]);
  expect(others.every((given) => JSON.stringify(given) === JSON.stringify(RUNAWAY))).toBe(true);
  // What people write of each other stays in the store.
  expect(JSON.stringify(written.incident)).not.toContain("says");
});

test("who took it is in the journal, with how much was opened for it", async () => {
  const page = await gateway.api("GET", "/api/v1/journal?kind=incident.exported");
  const { entries } = (await page.json()) as { entries: { event: object }[] };
  expect(entries.map(({ event }) => event)).toMatchObject([
    { agent: "worker", incident, calls: 11, inputs: 2, by: "local" },
  ]);
});

test("a viewer may not take it, and what is there is not written over", async () => {
  const made = await gateway.api("POST", "/api/v1/keys", { operator: "vera", role: "viewer" });
  const { key } = (await made.json()) as { key: string };
  const asked = ["incidents", "export", incident, "--url", gateway.controlUrl];
  const refused = await runCli(asked, { SLIPCLUTCH_TOKEN: key });
  expect([refused.code === 0, refused.err]).toEqual([false, expect.stringContaining("vera")]);

  await writeFile(file("mine.json"), "mine");
  const again = await gateway.cli("incidents", "export", incident, "--out", file("mine.json"));
  expect(again.code).toBe(1);
  expect(await readFile(file("mine.json"), "utf8")).toBe("mine");
});

test("as it was exported it holds for the rules that tripped, and fails where they are loosened", async () => {
  expect(await tested("plain.json")).toEqual({
    code: 0,
    says: expect.stringContaining("stopped at call 9 of 10: stuck trips."),
  });
  const loose = { breakers: [{ name: "stuck", above: { value: 20 } }] };
  expect(await tested("plain.json", { main: loose })).toEqual({
    code: 1,
    says: expect.stringMatching(/^FAILED .*call 9 of 10 would still go out\. Nothing stops/),
  });
});

test("with a line of a person's own it fails as things were, and passes once they are tightened", async () => {
  const out = file("strict.json");
  const done = await gateway.cli("incidents", "export", incident, "--by", "5", "--out", out);
  expect(done.out).toContain("to be stopped by call 5");
  expect(await tested("strict.json")).toEqual({
    code: 1,
    says: expect.stringContaining(
      "call 5 of 10 would still go out. It is stopped at call 9 of 10: stuck trips.",
    ),
  });
  const stopped = async (tightened: Tightened, says: string) => {
    expect(await tested("strict.json", tightened)).toEqual({
      code: 0,
      says: expect.stringContaining(says),
    });
  };
  const breaker = { breakers: [{ name: "stuck", above: { value: 4 } }] };
  await stopped({ main: breaker }, "stopped at call 5 of 10: stuck trips.");
  await stopped({ grant: { repeats: { max: 3 } } }, "stopped at call 4 of 10: stuck trips.");
  const rate = { rate_limit: { requests: 3, per_seconds: 3600 } };
  await stopped({ grant: rate }, "stopped at call 3 of 10: refused with rate-limit.exceeded.");
  const approved = { requires_approval: { properties: { minutes: { minimum: 10 } } } };
  const needs = { ...approved.requires_approval, required: ["minutes"], type: "object" };
  const asks = "stopped at call 1 of 10: a person has to approve it.";
  await stopped({ grant: { requires_approval: needs } }, asks);
  const short = { type: "object", properties: { minutes: { type: "integer", maximum: 10 } } };
  const refused = "stopped at call 1 of 10: refused with manifest.arguments.";
  await stopped({ grant: { arguments: short } }, refused);
});

/** By what the task has done already, and by what this call asks. */
const POLICY = `package calls

decision := {"allow": true, "deny": deny}

deny contains "three long ones are enough" if {
  input.call.arguments.minutes > 10
  input.task.calls >= 3
}
`;

test("a policy holds too, by the calls of the task before each", async () => {
  expect(await tested("strict.json", { policy: POLICY })).toEqual({
    code: 0,
    says: expect.stringContaining(
      "stopped at call 4 of 10: refused with policy.denied (calls: three long ones are enough).\nPolicies were told of no budgets",
    ),
  });
  const late = POLICY.replace(">= 3", ">= 8");
  expect(await tested("strict.json", { policy: late })).toEqual({
    code: 1,
    says: expect.stringContaining("call 5 of 10 would still go out. It is stopped at call 9 of 10"),
  });
});

test("kept in the folder it is one of the tests of its policies", async () => {
  const folder = await writeFolder(folderOf({ policy: POLICY }));
  await mkdir(join(folder, "incidents"));
  await copyFile(file("strict.json"), join(folder, "incidents", "empty-file.json"));
  const check = await runCli(["check", "--config", folder]);
  expect([check.code, check.err]).toEqual([0, expect.not.stringContaining("incidents")]);
  const passed = await runCli(["policy", "test", folder]);
  expect([passed.code, passed.out]).toEqual([0, expect.stringContaining("1 passed, 0 failed")]);
  await writeFile(join(folder, "policies/calls.rego"), POLICY.replace(">= 3", ">= 8"));
  const failed = await runCli(["policy", "test", folder]);
  expect([failed.code, failed.out]).toEqual([1, expect.stringContaining("would still go out")]);
  await rm(folder, { recursive: true });
});

test("a line in time is the first call that came later than that", async () => {
  const out = file("soon.json");
  const asked = ["incidents", "export", incident, "--within", "1ms", "--json", "--out", out];
  const told = JSON.parse((await gateway.cli(...asked)).out);
  expect(told).toMatchObject({ file: out, incident, calls: 11, without_arguments: 0 });
  const { calls } = await caseOf("soon.json");
  const [first] = calls.filter(({ runaway }) => runaway === 1);
  const later = calls.find(({ expect: is }) => is === "stopped");
  expect(later?.runaway).toBe(told.stopped_by);
  expect(Date.parse(later?.at ?? "") - Date.parse(first?.at ?? "")).toBeGreaterThan(1);
});

test("a gateway of the tightened rules does stop it there: the test says what happens", async () => {
  const breakers = [{ name: "stuck", above: { value: 4 } }];
  await writeFolder(folderOf({ main: { breakers } }), gateway.configFolder);
  expect((await gateway.api("POST", "/api/v1/reload")).status).toBe(200);
  const [trip] = (await (await gateway.api("GET", "/api/v1/reviews?state=open")).json()) as {
    id: string;
  }[];
  const reason = "tightened";
  await gateway.cli("reviews", "resume", trip?.id ?? "", "--reason", reason);
  // The parked one goes on by itself and counts as the first of them.
  const task = "t-2";
  for (let no = 0; no < 5; no += 1) await call({ ...RUNAWAY, again: true }, task);
  const path = "/api/v1/incidents?state=open";
  const open = async () => ((await (await gateway.api("GET", path)).json()) as object[]).length;
  await expect.poll(open, { timeout: 10_000 }).toBe(1);
});

test("what a person writes wrong is told with its line, and nothing passes by it", async () => {
  const whole = await readFile(file("plain.json"), "utf8");
  await writeFile(file("wrong.json"), whole.replace('"expect": "stopped"', '"expect": "halted"'));
  expect(await tested("wrong.json")).toEqual({
    code: 1,
    says: expect.stringMatching(/wrong\.json:\d+.*expect.*"halted"/s),
  });
  await writeFile(file("empty.json"), whole.replaceAll('"expect": "stopped"', '"expect": null'));
  expect(await tested("empty.json")).toEqual({
    code: 1,
    says: expect.stringContaining("it expects nothing"),
  });
  const asked = ["incidents", "export", incident, "--by"];
  expect((await gateway.cli(...asked, "99")).err).toContain("the runaway has 10 calls, and not 99");
  expect((await gateway.cli("incidents", "export", incident, "--within", "1h")).err).toContain(
    "nothing of it came later",
  );
  expect((await gateway.cli("incidents", "export", "i-none")).code).toBe(1);
});

test("without arguments it says so, and a rule about them proves nothing", async () => {
  const out = file("bare.json");
  await gateway.cli("incidents", "export", incident, "--no-arguments", "--out", out);
  const bare = await caseOf("bare.json");
  expect(bare.inputs).toEqual({});
  expect(new Set(bare.calls.map((one) => one.kind === "tool" && one.arguments))).toEqual(
    new Set(["left_out"]),
  );
  const short = { type: "object", properties: { minutes: { type: "integer", maximum: 10 } } };
  const loose = { breakers: [{ name: "stuck", above: { value: 20 } }] };
  const answer = await tested("bare.json", { grant: { arguments: short }, main: loose });
  expect(answer.code).toBe(1);
  expect(answer.says).toContain("of 11 calls nobody knows the arguments");
});
