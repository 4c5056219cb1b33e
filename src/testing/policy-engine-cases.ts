/** One set of policies and questions that every engine answers alike: with OPA's answers. */
import type { PolicyDocument, PolicySources } from "../ports/policy-engine.ts";

export const UNDEFINED = Symbol("undefined");
export const ERROR = Symbol("error");

/** A JSON value, or how there is none. */
export type Expected = unknown | typeof UNDEFINED | typeof ERROR;

export interface PolicyCase {
  readonly path: string;
  readonly input: PolicyDocument;
  readonly strict: Expected;
  /** Where errors of built-ins are undefined; as in strict mode unless it says otherwise. */
  readonly lenient?: Expected;
  /** Sets are arrays in any order. */
  readonly hasSets?: true;
}

/**
 * Not among them: a rule with a lone `startswith` or `endswith` of a part of the input. OPA's index
 * leaves it out where that is no text, and its error with it, in strict mode too.
 */
export const SUITE: PolicySources = {
  revision: "suite-1",
  modules: [
    {
      file: "suite.rego",
      text: `package suite

default refused := false

refused if input.is_refused

allowed if input.agent_id == "billing-optimizer"

decision := {
	"allow": count(reasons) == 0,
	"deny": reasons,
	"obligations": {"max_output_tokens": data.documents.limits[input.model]},
}

reasons contains "too many" if input.calls > 10

reasons contains sprintf("%s has no budget of %d", [input.agent_id, 5]) if input.budget < 5

mixed := {"b", 2, null, [1], {"k": {3, 1}}, true, "a", false, 1.5}

kind(tool) := "read" if startswith(tool, "get_")

else := "write" if startswith(tool, "set_")

else := "unknown"

kinds := [kind(tool) | some tool in input.tools]

by_length[count(tool)] contains tool if some tool in input.tools

lengths := {tool: count(tool) | some tool in input.tools}

all_known if {
	every tool in input.tools {
		kind(tool) != "unknown"
	}
}

borrowed if allowed with input.agent_id as "billing-optimizer"

stranger if not allowed

folded := lower(input.text)

characters := count(input.text)

middle := substring(input.text, 1, 1)

half_character if input.text == "\\ufffd"

half_named := input.texts["\\ufffd"]

tenths if 0.1 + 0.2 == 0.3

third := 1 / 4

whole := 9007199254740991

beyond := 9007199254740993

below := {"of": [-9007199254740993]}

infinite := 1e400

same_beyond if 9007199254740993 == 9007199254740992

document_beyond if data.documents.beyond == 9007199254740993

input_beyond if input.number == 1152921504606847000

matches if regex.match("^tool_[a-z]+$", input.text)

globs if glob.match("db.*.orders", ["."], input.text)

inside if net.cidr_contains("10.0.0.0/8", input.address)

listed := object.get(input, ["task", "labels", "team"], "none")

personal if contains(input.table, "_pii_")

passes if not startswith(input.table, "customer_")

number := to_number(input.text)

divided := 10 / input.number

two_values := 1 if input.one

two_values := 2 if input.two

answer(_) := 1 if input.one

answer(_) := 2 if input.two

asked := answer("x")

two_members := {key: value |
	some value in input.values
	key := "same"
}

explodes if {
	some one in numbers.range(1, 1000000)
	some other in numbers.range(1, 1000000)
	one + other == -1
}

echoed := input.number
`,
    },
    {
      file: "nested.rego",
      text: `package suite.nested

from_rule := "rule"

never if input.nope
`,
    },
  ],
  data: `{"documents": {"beyond": 9007199254740993, "limits": {"small": 100, "large": 4000}},
    "suite": {"nested": {"from_data": ["data"]}}}`,
};

const both = { one: true, two: true };

export const CASES: readonly PolicyCase[] = [
  { path: "suite.allowed", input: { agent_id: "billing-optimizer" }, strict: true },
  { path: "suite.allowed", input: { agent_id: "other" }, strict: UNDEFINED },
  { path: "suite.allowed", input: {}, strict: UNDEFINED },
  { path: "suite.refused", input: {}, strict: false },
  { path: "suite.refused", input: { is_refused: true }, strict: true },
  {
    path: "suite.decision",
    hasSets: true,
    input: { agent_id: "a", model: "small", calls: 1, budget: 5 },
    strict: { allow: true, deny: [], obligations: { max_output_tokens: 100 } },
  },
  {
    path: "suite.decision",
    hasSets: true,
    input: { agent_id: "é", model: "large", calls: 11, budget: 1 },
    strict: {
      allow: false,
      deny: ["too many", "é has no budget of 5"],
      obligations: { max_output_tokens: 4000 },
    },
  },
  { path: "suite.decision", input: { model: "unheard of" }, strict: UNDEFINED },
  {
    path: "suite.mixed",
    hasSets: true,
    input: {},
    strict: [null, false, true, 1.5, 2, "a", "b", [1], { k: [1, 3] }],
  },
  {
    path: "suite.kinds",
    input: { tools: ["get_order", "set_order", "drop"] },
    strict: ["read", "write", "unknown"],
  },
  {
    path: "suite.by_length",
    hasSets: true,
    input: { tools: ["bb", "a", "aa"] },
    strict: { 1: ["a"], 2: ["aa", "bb"] },
  },
  { path: "suite.lengths", input: { tools: ["a", "bb"] }, strict: { a: 1, bb: 2 } },
  { path: "suite.all_known", input: { tools: [] }, strict: true },
  { path: "suite.all_known", input: { tools: ["get_a", "x"] }, strict: UNDEFINED },
  { path: "suite.all_known", input: {}, strict: UNDEFINED },
  { path: "suite.borrowed", input: {}, strict: true },
  { path: "suite.stranger", input: {}, strict: true },
  { path: "suite.folded", input: { text: "ÀÉ-Straße" }, strict: "àé-straße" },
  { path: "suite.characters", input: { text: "a😀é\u0000" }, strict: 4 },
  { path: "suite.middle", input: { text: "a😀é" }, strict: "😀" },
  { path: "suite.half_character", input: { text: "\ud83d" }, strict: true },
  { path: "suite.half_character", input: { text: "\\ud83d" }, strict: UNDEFINED },
  { path: "suite.half_character", input: { text: "😀" }, strict: UNDEFINED },
  { path: "suite.half_named", input: { texts: { "\ude00": "\\\udfff" } }, strict: "\\\ufffd" },
  { path: "suite.tenths", input: {}, strict: true },
  { path: "suite.third", input: {}, strict: 0.25 },
  { path: "suite.whole", input: {}, strict: Number.MAX_SAFE_INTEGER },
  { path: "suite.beyond", input: {}, strict: ERROR },
  { path: "suite.below", input: {}, strict: ERROR },
  { path: "suite.infinite", input: {}, strict: ERROR },
  { path: "suite.same_beyond", input: {}, strict: UNDEFINED },
  { path: "suite.document_beyond", input: {}, strict: true },
  { path: "suite.input_beyond", input: { number: 2 ** 60 }, strict: true },
  { path: "suite.matches", input: { text: "tool_abc" }, strict: true },
  { path: "suite.matches", input: { text: "tool_abc\n" }, strict: UNDEFINED },
  { path: "suite.globs", input: { text: "db.public.orders" }, strict: true },
  { path: "suite.globs", input: { text: "db.a.b.orders" }, strict: UNDEFINED },
  { path: "suite.inside", input: { address: "10.1.2.3" }, strict: true },
  { path: "suite.inside", input: { address: "11.1.2.3" }, strict: UNDEFINED },
  { path: "suite.listed", input: { task: { labels: { team: "billing" } } }, strict: "billing" },
  { path: "suite.listed", input: { task: null }, strict: "none" },
  { path: "suite.personal", input: { table: "customer_pii_x" }, strict: true },
  { path: "suite.personal", input: { table: 7 }, strict: ERROR, lenient: UNDEFINED },
  { path: "suite.passes", input: { table: 7 }, strict: ERROR, lenient: true },
  { path: "suite.passes", input: {}, strict: UNDEFINED },
  { path: "suite.number", input: { text: "12" }, strict: 12 },
  { path: "suite.number", input: { text: "twelve" }, strict: ERROR, lenient: UNDEFINED },
  { path: "suite.divided", input: { number: 4 }, strict: 2.5 },
  { path: "suite.divided", input: { number: 0 }, strict: ERROR, lenient: UNDEFINED },
  { path: "suite.two_values", input: { two: true }, strict: 2 },
  { path: "suite.two_values", input: both, strict: ERROR },
  { path: "suite.asked", input: both, strict: ERROR },
  { path: "suite.two_members", input: { values: [1, 1] }, strict: { same: 1 } },
  { path: "suite.two_members", input: { values: [1, 2] }, strict: ERROR },
  { path: "suite.nested", input: {}, strict: { from_data: ["data"], from_rule: "rule" } },
];

/** As it is written in books on OPA: in v0, and with the traps that come with it. */
export const AUTHZ: PolicySources = {
  revision: "authz-1",
  modules: [
    {
      file: "authz.rego",
      text: `package agent.authz

default allow = false

allow {
    input.agent_id == "billing-optimizer"
    input.resource.type == "database"
    not startswith(input.resource.table_name, "customer_pii_")
}
`,
    },
  ],
  data: "{}",
};

function table(table_name?: unknown): PolicyDocument {
  const resource = table_name === undefined ? {} : { table_name };
  return { agent_id: "billing-optimizer", resource: { type: "database", ...resource } };
}

const path = "agent.authz.allow";

export const AUTHZ_CASES: readonly PolicyCase[] = [
  { path, input: table("orders"), strict: true },
  { path, input: table("customer_pii_x"), strict: false },
  { path, input: { ...table("orders"), agent_id: "other" }, strict: false },
  { path, input: { agent_id: "billing-optimizer", resource: { type: "bucket" } }, strict: false },
  { path, input: {}, strict: false },
  // Nothing that is missing, and nothing of another type, is a table without personal data.
  { path, input: table(), strict: false },
  { path, input: table(7), strict: ERROR, lenient: true },
  { path, input: table(null), strict: ERROR, lenient: true },
  { path, input: table(["customer_pii_x"]), strict: ERROR, lenient: true },
  // The gateway folds names before it asks, for these pass.
  { path, input: table("public.customer_pii_x"), strict: true },
  { path, input: table("CUSTOMER_PII_X"), strict: true },
];
