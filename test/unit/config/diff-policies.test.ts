/** What `manifest diff` says of policies: which of them decide whose calls, and their texts. */
import { describe, expect, test } from "vitest";
import { type Json, linesOf } from "./diff-folder.ts";

const AUTHZ = "package authz\n\nallow := true\n";
const FILES = {
  "authz.rego": AUTHZ,
  "authz_test.rego": "package authz_test\n\ntest_it if data.authz.allow\n",
  "limits/data.json": '{"most": 5}',
};
const BOUND = { name: "authz", query: "data.authz.allow", on: "tool" };

interface Made {
  readonly bound?: readonly Json[];
  readonly engine?: Json;
  readonly files?: Readonly<Record<string, string>>;
  readonly bot?: Json;
}

function folder({ bot = { version: 1, agent: "bot" }, bound = [BOUND], engine, files }: Made = {}) {
  const budgets = [{ name: "all", each: "agent", limit_usd: 1, window: "day" }];
  const main = { version: 1, budgets, policies: bound, ...(engine && { policy_engine: engine }) };
  return { main, bot, policies: files ?? FILES };
}

const toldOf = (before: Made, after: Made) => linesOf(folder(before), folder(after));
const withField = (field: Json): Made => ({ bound: [{ ...BOUND, ...field }] });

describe("a binding", () => {
  test("that is gone is wider, and one that is new is narrower", () => {
    expect(toldOf({}, { bound: [] })).toEqual([
      "wider * policy authz: is gone; it decides calls of tools by all agents",
    ]);
    expect(toldOf({ bound: [] }, {})).toEqual([
      "narrower * policy authz: is new, and decides calls of tools by all agents",
    ]);
  });

  test("that decides nothing takes nothing away with it, and gives agents a question", () => {
    const asked = { name: "asked", query: "data.authz.allow", expose: true };
    const more = { bound: [BOUND, asked] };
    expect(toldOf(more, {})).toEqual([
      "narrower * policy asked: is gone; it may be asked by all agents, and decides nothing here",
    ]);
    expect(toldOf({}, more)).toEqual([
      "wider * policy asked: is new, and may be asked by all agents, and decides nothing here",
    ]);
  });

  test.each<[string, Json, Json, string, string]>([
    [
      "for fewer agents is wider",
      {},
      { agents: ["bot"] },
      "wider * policy authz: decides the calls of bot instead of those of all agents",
      "narrower * policy authz: decides the calls of all agents instead of those of bot",
    ],
    [
      "for a part of what a pattern held is wider",
      { agents: ["b*"] },
      { agents: ["bo*"] },
      "wider * policy authz: decides the calls of bo* instead of those of b*",
      "narrower * policy authz: decides the calls of b* instead of those of bo*",
    ],
    [
      "for other agents may be wider",
      { agents: ["bot"] },
      { agents: ["red"] },
      "may-be-wider * policy authz: decides the calls of red instead of those of bot",
      "may-be-wider * policy authz: decides the calls of bot instead of those of red",
    ],
    [
      "whose errors are undefined is wider",
      {},
      { lenient_errors: true },
      "wider * policy authz: an error of a built-in function is undefined, and no refusal",
      "narrower * policy authz: an error of a built-in function is a refusal",
    ],
    [
      "of one type of resources alone is wider",
      {},
      { resource_type: "file" },
      "wider * policy authz: decides only calls about a file, and no others any more",
      "narrower * policy authz: decides all calls, not only those about a file",
    ],
    [
      "of another type may be wider",
      { resource_type: "row" },
      { resource_type: "file" },
      "may-be-wider * policy authz: decides calls about a file instead of a row",
      "may-be-wider * policy authz: decides calls about a row instead of a file",
    ],
    [
      "with another query may be wider",
      {},
      { query: 'data.authz["by-day"]' },
      'may-be-wider * policy authz: asks data.authz["by-day"] instead of data.authz.allow',
      'may-be-wider * policy authz: asks data.authz.allow instead of data.authz["by-day"]',
    ],
    [
      "of other calls may be wider",
      {},
      { on: "model" },
      "may-be-wider * policy authz: decides calls of models by all agents; before it decides calls of tools by all agents",
      "may-be-wider * policy authz: decides calls of tools by all agents; before it decides calls of models by all agents",
    ],
    [
      "that agents may ask is wider",
      {},
      { expose: true },
      "wider * policy authz: agents may ask it",
      "narrower * policy authz: agents may not ask it any more",
    ],
    [
      "that tells more is neither",
      {},
      { tell: true },
      "other * policy authz: agents are told its reasons",
      "other * policy authz: agents are not told its reasons any more",
    ],
    [
      "with another name is neither",
      {},
      { name: "tables" },
      "other * policy tables: was called authz",
      "other * policy authz: was called tables",
    ],
  ])("%s", (_, before, after, there, back) => {
    expect(toldOf(withField(before), withField(after))).toEqual([there]);
    expect(toldOf(withField(after), withField(before))).toEqual([back]);
  });

  test("that goes with its agent widens nothing", () => {
    const both = withField({ agents: ["bot", "red"] });
    const one: Made = { ...withField({ agents: ["red"] }), bot: null };
    expect(toldOf(both, one).filter((line) => line.includes("policy"))).toEqual([
      "other * policy authz: decides the calls of red instead of those of bot, red",
    ]);
    const own = { name: "own", query: "data.authz.allow", on: "tool", agents: ["bot"] };
    const gone = toldOf({ bound: [BOUND, own] }, { bot: null });
    expect(gone.filter((line) => line.includes("policy"))).toEqual([
      "other * policy own: is gone; it decides calls of tools by bot",
    ]);
  });
});

describe("the text", () => {
  const changed = (files: Json) => toldOf({}, { files: { ...FILES, ...files } });

  test("of a policy or a document may be wider, and is named by its file", () => {
    const unproven = "nobody can prove that no more is let through";
    expect(changed({ "authz.rego": `${AUTHZ}# more\n`, "a/b.rego": "package b\n" })).toEqual([
      `may-be-wider * policies/a/b.rego: is a new policy: ${unproven}`,
      `may-be-wider * policies/authz.rego: is a policy of another text: ${unproven}`,
    ]);
    expect(changed({ "limits/data.json": '{"most": 6}' })).toEqual([
      `may-be-wider * policies/limits/data.json: is a document of another text: ${unproven}`,
    ]);
    const { "limits/data.json": _, ...fewer } = FILES;
    expect(toldOf({}, { files: fewer })).toEqual([
      `may-be-wider * policies/limits/data.json: is gone, a document: ${unproven}`,
    ]);
  });

  test("of tests and tables changes no rule, nor does a document that is spelt otherwise", () => {
    const table = "- { name: it, query: data.authz.allow, want: true }\n";
    expect(changed({ "authz_test.rego": "package t\n", "x_test.yaml": table })).toEqual([]);
    expect(changed({ "limits/data.json": '{ "most":\t5 }' })).toEqual([]);
  });

  test("is of no matter where nothing is bound, or where an OPA has its own", () => {
    const other = { ...FILES, "authz.rego": "package authz\n\nallow := false\n" };
    expect(toldOf({ bound: [] }, { bound: [], files: other })).toEqual([]);
    const engine = { kind: "opa" };
    expect(toldOf({ engine }, { engine, files: other })).toEqual([]);
  });

  test("of a bundle may be wider", () => {
    const lenient = [{ ...BOUND, lenient_errors: true }];
    const engine = { kind: "wasm", bundle: "policies/b.tar.gz" };
    const made = (bundle: string): Made => {
      return { bound: lenient, engine, files: { ...FILES, "b.tar.gz": bundle } };
    };
    expect(toldOf(made("b25l"), made("dHdv"))).toEqual([
      "may-be-wider * policy_engine.bundle: is another bundle: nobody can prove that it lets no more through",
    ]);
  });
});

describe("the engine", () => {
  const asked = (more: Json): Made => ({ engine: { kind: "opa", ...more } });

  test("of another kind may be wider", () => {
    expect(toldOf({}, asked({}))).toEqual([
      "may-be-wider * policy_engine.kind: policies are evaluated by opa instead of embedded",
    ]);
  });

  test("at another place, with another token or more time is neither", () => {
    const other = { url: "http://opa:1", socket: "/run/opa.sock", token: "${OTHER}" };
    const before = asked({ token: "${TOKEN}" });
    expect(toldOf(before, asked({ ...other, timeout: "1s" }))).toEqual([
      "may-be-wider * policy_engine.url: OPA is asked at http://opa:1 instead of http://127.0.0.1:8181",
      "may-be-wider * policy_engine.socket: OPA's socket is /run/opa.sock instead of none",
      "other * policy_engine.token: changed; it is not shown",
      "other * policy_engine.timeout: 1000 ms for each call instead of 50 ms",
    ]);
  });
});
