/** The fields of policies, and of what evaluates them. */
import { mkdtemp } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { expect } from "vitest";
import { type FakeOpa, fakeOpa } from "../../src/testing/fake-opa.ts";
import { differs, fromTo, type WiringCase } from "./wiring-case.ts";
import type { Json, Settings, WiringWorld } from "./wiring-world.ts";

/** The machine of the tests is busy. */
const PATIENCE = "20s";

const field = (name: string) => `slipclutch.yaml policies[].${name}`;
const engine = (name: string) => `slipclutch.yaml policy_engine.${name}`;

const REGO = `package t

no := false

yes := true

about contains input.resource.type

reasons := {"deny": ["an owl has said so"]}

erring if not startswith(input.call.arguments.text, "x")

slow if count([1 | some _ in numbers.range(1, 20000); some _ in numbers.range(1, 5)]) > 0
`;

function bound(...policies: readonly Json[]) {
  return (settings: Settings) => {
    settings.files = { "policies/t.rego": REGO };
    settings.slipclutch.policies = policies;
    settings.slipclutch.policy_engine = { timeout: PATIENCE };
  };
}

const NO = { name: "one", query: "data.t.no", on: "tool" };
const DENIED = "policy.denied";
const echo = (world: WiringWorld) => world.toolOutcome("echo");

/** What its agent is told of a refusal. */
async function told(world: WiringWorld): Promise<boolean> {
  return (await world.tool("echo")).text.includes("an owl has said so");
}

/** Which policy is said to have decided. */
async function named(world: WiringWorld): Promise<string> {
  return (await world.tool("echo")).json.error.details.facts.policy;
}

/** For as long as the process. */
const opas: FakeOpa[] = [];

export async function closeFakeOpas(): Promise<void> {
  await Promise.all(opas.map((opa) => opa.close()));
}

async function opa(settings: Parameters<typeof fakeOpa>[0], result: unknown): Promise<FakeOpa> {
  const made = await fakeOpa(settings);
  made.set(result);
  opas.push(made);
  return made;
}

/** With an OPA that allows and one that does not. */
function withOpas(
  fields: readonly string[],
  settingsOf: () => Promise<Parameters<typeof fakeOpa>[0]>,
  engineOf: (opa: FakeOpa) => Json,
): WiringCase {
  return {
    fields,
    async run(world) {
      const seen: string[] = [];
      for (const result of [true, false]) {
        const made = await opa(await settingsOf(), result);
        const settings = world.base();
        settings.slipclutch.policies = [NO];
        settings.slipclutch.policy_engine = {
          ...{ kind: "opa", timeout: PATIENCE },
          ...engineOf(made),
        };
        expect((await world.load(settings)).json.error).toBeUndefined();
        seen.push(await echo(world));
        expect(made.asked.at(-1)?.path).toBe("/v1/data/t/no");
      }
      expect(seen).toEqual(["200", DENIED]);
    },
  };
}

const TOKEN = "opa-token-of-this-test";

export const POLICY_CASES: readonly WiringCase[] = [
  differs(field("name"), {
    base: bound({ ...NO, name: "before" }),
    set: bound({ ...NO, name: "after" }),
    see: named,
    expect: fromTo("before", "after"),
  }),
  differs(field("query"), {
    base: bound({ ...NO, query: "data.t.yes" }),
    set: bound(NO),
    see: echo,
    expect: fromTo("200", DENIED),
  }),
  differs(field("on = tool"), {
    base: bound({ ...NO, on: "model" }),
    set: bound(NO),
    see: echo,
    expect: fromTo("200", DENIED),
  }),
  differs(field("on = model"), {
    base: bound(NO),
    set: bound({ ...NO, on: "model" }),
    see: (world) => world.outcome(),
    expect: fromTo("200", DENIED),
  }),
  differs(field("resource_type"), {
    base: bound(NO),
    // The tool's manifest declares none: it is not about one.
    set: bound({ ...NO, resource_type: "database" }),
    see: echo,
    expect: fromTo(DENIED, "200"),
  }),
  differs(field("agents"), {
    base: bound({ ...NO, agents: ["oth*"] }),
    set: bound({ ...NO, agents: ["other", "work*"] }),
    see: echo,
    expect: fromTo("200", DENIED),
  }),
  differs(field("tell"), {
    base: bound({ ...NO, query: "data.t.reasons" }),
    set: bound({ ...NO, query: "data.t.reasons", tell: true }),
    see: told,
    expect: fromTo(false, true),
  }),
  differs(field("lenient_errors"), {
    base: bound({ ...NO, query: "data.t.erring" }),
    set: bound({ ...NO, query: "data.t.erring", lenient_errors: true }),
    see: (world) => world.toolOutcome("echo", { text: 7 }),
    expect: fromTo(DENIED, "200"),
  }),
  differs(engine("timeout"), {
    base: (settings) => {
      bound({ ...NO, query: "data.t.slow" })(settings);
    },
    set: ({ slipclutch }) => {
      slipclutch.policy_engine = { timeout: "5ms" };
    },
    see: echo,
    expect: fromTo("200", DENIED),
  }),
  withOpas(
    [engine("kind = opa"), engine("url")],
    async () => ({}),
    ({ at }) => ({ url: at }),
  ),
  withOpas(
    [engine("token")],
    async () => ({ token: TOKEN }),
    ({ at }) => ({ url: at, token: TOKEN }),
  ),
  withOpas(
    [engine("socket")],
    async () => ({
      socket: path.join(await mkdtemp(path.join(os.tmpdir(), "slipclutch-opa-")), "opa.sock"),
    }),
    ({ at }) => ({ socket: at }),
  ),
  {
    fields: [engine("kind = embedded")],
    async run(world) {
      const { at: url } = await opa({}, true);
      const seen: string[] = [];
      for (const by of [{ kind: "opa", url }, { kind: "embedded" }]) {
        const settings = world.base();
        bound(NO)(settings);
        settings.slipclutch.policy_engine = { timeout: PATIENCE, ...by };
        expect((await world.load(settings)).json.error).toBeUndefined();
        seen.push(await echo(world));
      }
      expect(seen).toEqual(["200", DENIED]);
    },
  },
];
