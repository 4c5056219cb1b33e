/**
 * What `docs/policy-patterns.md` shows is what lies in `examples/policies`, and does what the page
 * says: by our own engine, strictly, and by the real `opa` where there is one.
 */
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { MODEL_CALL, TOOL_CALL } from "../../scripts/reference/policy-input-examples.ts";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { embeddedEngine } from "../../src/adapters/policy-engine/embedded/engine.ts";
import { checkingEngines } from "../../src/compose/policy-host.ts";
import { load } from "../../src/config/load.ts";
import type { PolicyInput, ToolCallInput } from "../../src/guards/policy/input.ts";
import { resourcesOf } from "../../src/guards/tool/resource.ts";
import type {
  PolicyAnswer,
  PolicyDocument,
  PolicyQuery,
  PolicySources,
} from "../../src/ports/policy-engine.ts";
import { parseModule } from "../../src/rego/index.ts";
import { part } from "../support/parts.ts";
import { placesOf } from "../support/policy-input.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const EXAMPLES = join(ROOT, "examples", "policies");
const PAGE = readFileSync(join(ROOT, "docs", "policy-patterns.md"), "utf8");
const PATTERNS = readdirSync(EXAMPLES);
const NOW = 1_795_392_000_000_000_000n;
const TIMEOUT_MS = 10_000;

/** A block that shows a file: its path behind the language, then its text. */
const SHOWN = /^```rego (\S+)\n(.*?)^```$/gms;
/** "`data.agent.tables.allow` of its `input.json` is `true`". */
const ANSWERED = /`data\.([a-z_.]+)` of its `input\.json` is `([^`]+)`/;

function textOf(pattern: string, file: string): string {
  return readFileSync(join(EXAMPLES, pattern, file), "utf8");
}

/** What the page says below the heading that links to this folder. */
function sectionOf(pattern: string): string {
  const link = `(../examples/policies/${pattern})`;
  return PAGE.split(/^## /m).find((section) => section.includes(link)) ?? "";
}

function sourcesOf(pattern: string): Sources {
  const modules = readdirSync(join(EXAMPLES, pattern))
    .filter((file) => file.endsWith(".rego"))
    .map((file) => ({ file, text: textOf(pattern, file) }));
  const hasData = existsSync(join(EXAMPLES, pattern, "data.json"));
  return { modules, data: hasData ? textOf(pattern, "data.json") : "{}" };
}

type Sources = Pick<PolicySources, "modules" | "data">;

async function ask(
  sources: Sources,
  query: PolicyQuery,
  input: PolicyDocument = {},
): Promise<PolicyAnswer> {
  const policies = await embeddedEngine(systemClock).load({ revision: "r", ...sources }, [query]);
  const answer = await policies.ask(query, input, { now: NOW, timeoutMs: TIMEOUT_MS });
  await policies.close();
  return answer;
}

function strictly(path: readonly string[]): PolicyQuery {
  return { path, lenient: false };
}

/** The rules of a pattern's tests, by their paths below `data`. */
function testsOf(pattern: string): readonly string[][] {
  const file = "policy_test.rego";
  const module = parseModule(textOf(pattern, file), file, "v1");
  const names = module.rules.map(({ head }) => head.name);
  return names
    .filter((name) => name.startsWith("test_"))
    .map((name) => [...module.package.slice(1), name]);
}

test("the page shows every file of every pattern, and no other", () => {
  const shown = [...PAGE.matchAll(SHOWN)].map(([, path]) => path);
  const files = PATTERNS.flatMap((pattern) =>
    ["policy.rego", "policy_test.rego"].map((file) => `examples/policies/${pattern}/${file}`),
  );
  expect(PATTERNS.length).toBe(10);
  expect([...shown].sort()).toEqual(files.sort());
  expect([...PAGE.matchAll(/^```rego/gm)].length).toBe(files.length);
});

test.each([...PAGE.matchAll(SHOWN)].map(([, path = "", text = ""]) => [path, text]))(
  "%s is what is shown",
  (path, text) => {
    expect(text).toBe(readFileSync(join(ROOT, path), "utf8"));
  },
);

describe.each(PATTERNS)("examples/policies/%s", (pattern) => {
  test.each(testsOf(pattern).map((path) => [path.at(-1), path] as const))(
    "%s holds",
    async (_, path) => {
      const answer = await ask(sourcesOf(pattern), strictly(path));
      expect(answer).toEqual({ kind: "value", value: true });
    },
  );

  test("answers to its input as the page says", async () => {
    const [, path = "", value = ""] = ANSWERED.exec(sectionOf(pattern)) ?? [];
    expect(value).not.toBe("");
    const input = JSON.parse(textOf(pattern, "input.json"));
    const answer = await ask(sourcesOf(pattern), strictly(path.split(".")), input);
    expect(answer).toEqual({ kind: "value", value: JSON.parse(value) });
  });

  test.skipIf(!part("opa").available)("passes `opa test`", () => {
    const told = execFileSync("opa", ["test", "--format", "json", join(EXAMPLES, pattern)]);
    expect(JSON.parse(String(told)).length).toBe(testsOf(pattern).length);
  });
});

/** "`yaml examples/policies/tables`", and the lines of slipclutch.yaml that bind it. */
const BOUND = /^```yaml examples\/policies\/(\S+)\n(.*?)^```$/gms;
const bindings = new Map(
  [...PAGE.matchAll(BOUND)].map(([, pattern = "", text = ""]) => [pattern, parse(text).policies]),
);

/** What a manifest says that calls are about, where a binding is about that alone. */
const ATTRIBUTES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  tables: { table_name: "/arguments/table" },
  "personal-data": { table_name: "/arguments/table" },
  refunds: { order: "/arguments/order" },
  paths: { path: "/arguments/path" },
};

const made: string[] = [];

afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "slipclutch-pattern-"));
  made.push(folder);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  return folder;
}

function grantOf({ effect, tool }: ToolCallInput, pattern: string) {
  const pointers = Object.entries(ATTRIBUTES[pattern] ?? {});
  const attributes = Object.fromEntries(pointers.map(([name, pointer]) => [name, { pointer }]));
  const [binding] = bindings.get(pattern);
  const resource = { resource: { type: binding.resource_type, attributes } };
  return { tool_name: tool, read_only: effect === "read", ...(pointers.length > 0 && resource) };
}

/** A gateway's folder in which the agent of the pattern's input makes its call. */
function guardrails(pattern: string, { agent_id: agent, call, labels }: PolicyInput): string {
  const isTool = call.kind === "tool";
  const servers = isTool && {
    tool_servers: {
      [call.server]: { kind: "agent", tools: { [call.tool]: { effect: call.effect } } },
    },
  };
  const { data, modules } = sourcesOf(pattern);
  return folderOf({
    "slipclutch.yaml": JSON.stringify({
      version: 1,
      providers: { openai: { kind: "openai", api_key: "k" } },
      budgets: [{ name: "all", each: "agent", limit_usd: 1, window: "day" }],
      policies: bindings.get(pattern),
      ...servers,
    }),
    [`agents/${agent}.yaml`]: JSON.stringify({
      ...{ version: 1, agent, labels },
      ...(isTool && { allowed_tools: [grantOf(call, pattern)] }),
    }),
    "policies/data.json": data,
    ...Object.fromEntries(modules.map(({ file, text }) => [`policies/${file}`, text])),
  });
}

test("the page binds every pattern, and no other", () => {
  expect([...bindings.keys()].sort()).toEqual([...PATTERNS].sort());
});

/** What a document may do without: what the agent, its tool and its budgets do not have. */
const OPTIONAL = /^(?:resource|labels\.|budgets\[\]|metrics\.)/;

describe.each(PATTERNS)("in a gateway's folder, examples/policies/%s", (pattern) => {
  const input: PolicyInput = JSON.parse(textOf(pattern, "input.json"));

  test("has an input as the gateway sends it", () => {
    const whole = placesOf(input.call.kind === "tool" ? TOOL_CALL : MODEL_CALL);
    const places = placesOf(input);
    expect(whole).toEqual(expect.arrayContaining([...places]));
    expect(places).toEqual(expect.arrayContaining(whole.filter((place) => !OPTIONAL.test(place))));
  });

  test("loads with its binding, and decides by it", async () => {
    const loaded = await load(guardrails(pattern, input), {
      environment: {},
      today: "2026-11-23",
      engines: checkingEngines(),
    });
    if (loaded.kind === "invalid") throw new Error(JSON.stringify(loaded.issues));
    expect(loaded.warnings).toEqual([]);
    const manifest = loaded.configuration.agents.get(input.agent_id);
    const [rules] = manifest?.policies ?? [];
    const [granted] = manifest?.tools.allowed ?? [];
    if (input.call.kind === "tool") {
      const found = resourcesOf(granted?.resource ?? [], input.call);
      const { resource } = input;
      const sent =
        Array.isArray(found) && found.map(({ attributes, type }) => ({ type, ...attributes }));
      expect(sent).toEqual(resource === undefined ? [] : [resource]);
    }
    const [, , value = ""] = ANSWERED.exec(sectionOf(pattern)) ?? [];
    for (const binding of rules?.bindings ?? []) {
      const answer = await rules?.ask(binding, { ...input }, { now: NOW, timeoutMs: TIMEOUT_MS });
      expect(answer).toEqual({ kind: "value", value: JSON.parse(value) });
    }
    expect(rules?.bindings.length).toBe(bindings.get(pattern).length);
    await loaded.configuration.policySet?.close();
  });
});

/** Rules as they should not be written, and what becomes of `data.t.p` then. */
const TRAPS: readonly (readonly [rule: string, input: PolicyDocument, told: string])[] = [
  ['p := readers.a["x"]\nreaders := {"a": input.tables}', { tables: ["x"] }, "undefined"],
  ['p if not startswith(input.name, "customer_pii_")', { name: 7 }, "error"],
  ['p if not startswith(input.name, "customer_pii_")', {}, "undefined"],
  ['import rego.v2\np if not startswith(input.name, "customer_pii_")', {}, "true"],
  ['p if not q\nq if startswith(input.name, "customer_pii_")', { name: 7 }, "error"],
  ['p if strings.any_prefix_match(input.names, ["a"])', { names: ["x", "ay"] }, "true"],
  ['p := [null <= 50, "12" > 50, "1000" <= 50]', {}, "[true,true,false]"],
  ["p if not input.amount > 0", {}, "undefined"],
  ["p if { every host in input.hosts { host == 1 } }", { hosts: [] }, "true"],
  ["p if { every host in input.hosts { host == 1 } }", {}, "undefined"],
  ["p if { every host in input.hosts { host == 1 } }", { hosts: { first: 1 } }, "true"],
  ['p if glob.match("*.b", ["."], "evil/x.b")', {}, "true"],
  [
    'p := [glob.match("*.b", each, "x.y.b") | some each in [["."], [], null]]',
    {},
    "[false,false,true]",
  ],
  ['p if regex.match("^a$", "a\\n")', {}, "undefined"],
  ['p if startswith("/srv/workshop", "/srv/work")', {}, "true"],
  ["default p := 1\np := 200 if input.a\np := 50 if input.b", { a: 1, b: 1 }, "error"],
  ["p := min({each | some each in input.none})", { none: [] }, "undefined"],
  ['p if not "large" in data.teams[input.team].models', { team: "sales" }, "undefined"],
  ['p if input.labels.team != "care"', { labels: {} }, "undefined"],
  ['p := {"max": 1}\np := {"max": 2}', {}, "error"],
  ['p contains sprintf("not %v", [input.model]) if true', {}, "[]"],
  ['p if "2026-11-24T04:00:00+02:00" > "2026-11-24T03:00:00Z"', {}, "true"],
  ['p := time.parse_rfc3339_ns("9999-12-31T00:00:00Z")', {}, "error"],
  [
    "p if { some each in input.dates; time.parse_rfc3339_ns(each) > 0 }",
    { dates: ["no", "2100-01-01T00:00:00Z"] },
    "error",
  ],
  [
    "p if { some each in input.dates; time.parse_rfc3339_ns(each) > 0 }",
    { dates: ["2100-01-01T00:00:00Z", "no"] },
    "true",
  ],
  ['p if not q\nq if not input.call.tool in {"read"}', { call: {} }, "true"],
];

function told(answer: PolicyAnswer): string {
  if (answer.kind === "failed") return answer.code;
  return answer.kind === "value" ? JSON.stringify(answer.value) : answer.kind;
}

test.each(TRAPS)("what the page warns of is so: %s", async (rule, input, expected) => {
  const modules = [{ file: "t.rego", text: `package t\n${rule}` }];
  const answer = await ask({ modules, data: '{"teams": {}}' }, strictly(["t", "p"]), input);
  expect(told(answer)).toBe(expected);
});

test("without strict errors a name of another type passes the usual line", async () => {
  const text = 'package t\np if not startswith(input.name, "customer_pii_")';
  const query = { path: ["t", "p"], lenient: true };
  const sources = { modules: [{ file: "t.rego", text }], data: "{}" };
  expect(told(await ask(sources, query, { name: ["customer_pii_x"] }))).toBe("true");
});
