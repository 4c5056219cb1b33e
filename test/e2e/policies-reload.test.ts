/** Policies, their data and manifests change together, between two decisions, or not at all. */
import { rm } from "node:fs/promises";
import path from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { type PolicyFolder, PolicyWorld } from "./policies-world.ts";

let world: PolicyWorld;

afterEach(async () => {
  await world.end();
});

/** Every call is denied with what the policy, its data and the manifest say of the version. */
function versioned(version: string): PolicyFolder {
  return {
    policies: {
      "t.rego": `package t
deny contains sprintf("rule=${version} data=%s owner=%s.", [data.version, input.labels.owner])
`,
      "data.json": `{"version": "${version}"}`,
    },
    bound: [{ name: "t", query: "data.t", on: "tool", tell: true }],
    manifest: { labels: { team: "care", owner: version }, on_change: "apply" },
  };
}

const RELOADS = 30;
const CALLERS = 6;

test("under load no decision mixes two versions", async () => {
  world = await PolicyWorld.open(versioned("one"));
  let isOver = false;
  const seen = new Map<string, number>();
  const call = async () => {
    while (!isOver) {
      const { json } = await world.tool("echo", { text: "x" });
      const said = /rule=(\w+) data=(\w+) owner=(\w+)\./.exec(json.message);
      expect(said, json.message).not.toBeNull();
      const [, rule = "", ...others] = said ?? [];
      expect(others).toEqual([rule, rule]);
      seen.set(rule, (seen.get(rule) ?? 0) + 1);
    }
  };
  const callers = Array.from({ length: CALLERS }, call);
  try {
    for (let no = 0; no < RELOADS; no += 1) {
      expect((await world.load(versioned(no % 2 === 0 ? "two" : "one"))).error).toBeUndefined();
    }
  } finally {
    isOver = true;
    await Promise.all(callers);
  }
  expect([...seen.keys()].toSorted()).toEqual(["one", "two"]);
  expect(Math.min(...seen.values())).toBeGreaterThan(RELOADS);
}, 120_000);

const DENIES: PolicyFolder = {
  policies: { "a/t.rego": "package t\n\nallow := false\n" },
  bound: [{ name: "t", query: "data.t.allow", on: "tool" }],
};

describe("a bad one changes nothing, and says where it is wrong:", () => {
  const cases: readonly [is: string, folder: PolicyFolder, issue: object][] = [
    [
      "a policy that does not parse",
      { ...DENIES, policies: { "a/t.rego": "package t\n\nallow if {\n\tinput.x ==\n}\n" } },
      { file: "policies/a/t.rego", line: 5, path: expect.stringMatching(/^column \d+$/) },
    ],
    [
      "one that asks what is never asked",
      {
        ...DENIES,
        policies: { "a/t.rego": 'package t\n\nallow if http.send({"url": input.x})\n' },
      },
      { file: "policies/a/t.rego", line: 3, got: expect.stringContaining("http.send") },
    ],
    [
      "a misspelt query",
      { ...DENIES, bound: [{ name: "t", query: "data.t.alow", on: "tool" }] },
      {
        file: "policies",
        got: expect.stringContaining("nobody wrote data.t.alow"),
        hint: "In data.t there are: allow.",
      },
    ],
    [
      "data that is no JSON",
      { ...DENIES, policies: { ...DENIES.policies, "data.json": "{" } },
      { file: "policies/data.json" },
    ],
    [
      "data where a rule stands",
      { ...DENIES, policies: { ...DENIES.policies, "t/data.json": '{"allow": true}' } },
      { file: "policies/a/t.rego", line: 3 },
    ],
    [
      "an agent that does not exist",
      { ...DENIES, bound: [{ ...DENIES.bound[0], agents: ["wroker"] }] },
      { file: "slipclutch.yaml", path: "policies[0].agents[0]", hint: 'Did you mean "worker"?' },
    ],
    [
      "a policy beside a manifest that does not hold",
      { ...DENIES, manifest: { labels: { tem: "x" } } },
      { file: "agents/worker.yaml", path: "labels.tem" },
    ],
  ];

  test.each(cases)("%s", async (_, folder, issue) => {
    world = await PolicyWorld.open(DENIES);
    const refused = await world.load(folder);
    expect(refused.error.issues).toEqual(expect.arrayContaining([expect.objectContaining(issue)]));
    expect(await world.outcome(world.tool("echo", { text: "x" }))).toBe("policy.denied");
    const journal = await world.gateway.api("GET", "/api/v1/journal?kind=configuration.rejected");
    expect(((await journal.json()) as { entries: unknown[] }).entries).toHaveLength(1);
    // The same folder keeps a gateway from starting.
    await rm(path.join(world.gateway.configFolder, "policies"), { recursive: true });
    expect((await world.load({ ...DENIES, bound: [], policies: {} })).error).toBeUndefined();
    expect(await world.outcome(world.tool("echo", { text: "x" }))).toBe("200");
  });
});

test.each([
  ["finish", "policy.denied", "200"],
  ["apply", "200", "200"],
  ["strictest", "policy.denied", "200"],
])("a task that began under older policies, on_change: %s", async (onChange, old, fresh) => {
  world = await PolicyWorld.open({ ...DENIES, manifest: { on_change: onChange } });
  const ask = (task: string) =>
    world.outcome(world.tool("echo", { text: "x" }, { "x-slipclutch-task": task }));
  expect(await ask("running")).toBe("policy.denied");
  const policies = { "a/t.rego": "package t\n\nallow := true\n" };
  const loaded = await world.load({ ...DENIES, policies, manifest: { on_change: onChange } });
  expect(loaded.error).toBeUndefined();
  expect(await ask("running")).toBe(old);
  expect(await ask("begun-after")).toBe(fresh);
});

test("of a task that began under other policies both are asked, and each allows or not", async () => {
  const only = (text: string) => ({
    ...DENIES,
    policies: { "a/t.rego": `package t\n\nallow if input.call.arguments.text != "${text}"\n` },
  });
  world = await PolicyWorld.open(only("old"));
  const ask = (text: string) =>
    world.outcome(world.tool("echo", { text }, { "x-slipclutch-task": "running" }));
  expect([await ask("old"), await ask("new")]).toEqual(["policy.denied", "200"]);
  expect((await world.load(only("new"))).error).toBeUndefined();
  expect([await ask("old"), await ask("new"), await ask("else")]).toEqual([
    "policy.denied",
    "policy.denied",
    "200",
  ]);
});
