/** Evaluating loaded policies: limits, replacement, printing, and what the index must not change. */
import { describe, expect, it } from "vitest";
import { nodeHost } from "../../../src/adapters/policy-engine/embedded/host.ts";
import {
  type Dialect,
  EMPTY_OBJECT,
  type Evaluation,
  EvaluationError,
  jsonText,
  type LoadOptions,
  loadModules,
  parseJson,
  parseModule,
  parseQuery,
  prepareDocument,
  prepareQuery,
  valueOfJson,
} from "../../../src/rego/index.ts";

interface Asking extends Partial<Evaluation> {
  readonly dialect?: Dialect;
  readonly options?: LoadOptions;
  /** In place of what JSON has no word for. */
  readonly json?: string;
}

const LIMITS = { steps: 100_000, depth: 100, expired: () => false };
const HOST = nodeHost(() => 1_700_000_000_000_000_000n);

/** `data.t.p` as JSON, `undefined`, or the code and message of the error. */
function ask(text: string, asking: Asking = {}): string {
  const { dialect = "v1", json, options, ...rest } = asking;
  const loaded = loadModules([parseModule(`package t\n${text}`, "t.rego", dialect)], options);
  const input = json === undefined ? {} : { input: valueOfJson(JSON.parse(json)) };
  const evaluation = {
    ...{ data: EMPTY_OBJECT, host: HOST, limits: LIMITS, strict: true },
    ...input,
    ...rest,
  };
  try {
    const value = prepareDocument(loaded, ["t", "p"])(evaluation);
    return value === undefined ? "undefined" : jsonText(value);
  } catch (error) {
    if (error instanceof EvaluationError) return error.message;
    throw error;
  }
}

describe("a policy that loops or explodes is stopped", () => {
  const numbers = "xs := numbers.range(1, 300)\nys := numbers.range(1, 100)\n";

  it("by its steps", () => {
    expect(ask(`${numbers}p := count([1 | some a in xs; some b in xs; some c in xs])`)).toBe(
      "eval_limit_error: evaluation was stopped: it took more than 100000 steps",
    );
  });

  it("by few steps as exactly as by many", () => {
    const limits = { ...LIMITS, steps: 50 };
    const counted = (numbers: number) =>
      ask(`p := count([1 | some a in numbers.range(1, ${numbers})])`, { limits });
    expect(counted(10)).toBe("10");
    expect(counted(60)).toMatch(/it took more than 50 steps/);
  });

  it("by what its built-ins make", () => {
    expect(ask("p := count(numbers.range(1, 1000000000))")).toMatch(/eval_limit_error/);
    const doubled = Array.from({ length: 40 }, (_, i) => `s${i + 1} := concat("", [s${i}, s${i}])`);
    expect(ask(`s0 := "0123456789abcdef"\n${doubled.join("\n")}\np := count(s40)`)).toMatch(
      /eval_limit_error/,
    );
  });

  it("by the texts of its built-ins together, none of which is large", () => {
    const json = JSON.stringify({ text: "x".repeat(16_000) });
    const made = (text: string) => ask(`${numbers}p := count([${text} | some a in xs])`, { json });
    for (const text of ['sprintf("%d%s", [a, input.text])', "upper(input.text)"]) {
      expect(made(text)).toMatch(/it took more than 100000 steps/);
    }
    expect(made("count(input.text)")).toBe("300");
  });

  it("by the keys that it would keep, and by what it compares", () => {
    const json = JSON.stringify({ xs: Array.from({ length: 400 }, (_, i) => `element ${i}`) });
    const stopped = /evaluation was stopped: it took more than 100000 steps/;
    expect(ask("p := count([[i, input.xs] | some i in numbers.range(1, 300)])", { json })).toBe(
      "300",
    );
    expect(ask("p := count({[i, input.xs] | some i in numbers.range(1, 300)})", { json })).toMatch(
      stopped,
    );
    expect(ask("p contains [i, input.xs] if some i in numbers.range(1, 300)", { json })).toMatch(
      stopped,
    );
    expect(ask("p[[i, input.xs]] := i if some i in numbers.range(1, 300)", { json })).toMatch(
      stopped,
    );
    const known = "xs := {input.xs}\np := [1 | some i in numbers.range(1, 300); xs[input.xs]]";
    expect(ask(known, { json })).toMatch(stopped);
    const compared = "p := [1 | some i in numbers.range(1, 4000); input.xs == input.xs]";
    expect(ask(compared, { json })).toHaveLength(2 * 4000 + 1);
    expect(ask(compared.replace("4000", "30000"), { json })).toMatch(stopped);
  });

  it("and a large part of the input is no key of an index of rules", () => {
    const json = JSON.stringify({ large: Array.from({ length: 20_000 }, (_, i) => i) });
    const rules = "f(x) := 1 if input.large == 1\nf(x) := 2 if input.large == 2";
    const text = `${rules}\np := count([i | some i in numbers.range(1, 30000); not f([i])])`;
    expect(ask(text, { json })).toMatch(/it took more than 100000 steps/);
  });

  it("and a reference of any length is followed, as far as there is something", () => {
    const text = `p if not input${".a".repeat(20_000)} == 1`;
    expect(ask(text, { json: '{"a": {"a": 1}}' })).toBe("true");
    const nested = `${'{"a":'.repeat(800)}1${"}".repeat(800)}`;
    expect(ask(`p := input${".a".repeat(800)}`, { json: nested })).toBe("1");
    expect(ask("p if { input.a == null; not input.a.b }", { json: '{"a": null, "b": 5}' })).toBe(
      "true",
    );
  });

  it("by its depth", () => {
    const chain = Array.from({ length: 150 }, (_, i) => `r${i} := r${i + 1}`);
    expect(ask(`p := r0\n${chain.join("\n")}\nr150 := 1`)).toBe(
      "eval_limit_error: evaluation was stopped: rules were nested more than 100 deep",
    );
    expect(ask(`p := r60\n${chain.join("\n")}\nr150 := 1`)).toBe("1");
  });

  it("by the stack of the machine", () => {
    const chain = Array.from({ length: 5_000 }, (_, i) => `r${i} := r${i + 1}`);
    const limits = { steps: 1e9, depth: 1e9, expired: () => false };
    expect(ask(`p := r0\n${chain.join("\n")}\nr5000 := 1`, { limits })).toMatch(
      /^eval_limit_error: evaluation was stopped: it was nested too deeply$/,
    );
  });

  it("by the clock, which is looked at now and then", () => {
    let looks = 0;
    const expired = (): boolean => {
      looks += 1;
      return looks > 3;
    };
    const limits = { steps: 1e9, depth: 100, expired };
    expect(ask(`${numbers}p := count([1 | some a in xs; some b in xs; some c in xs])`, { limits }))
      // A look each thousand steps, or a little after.
      .toMatch(/eval_limit_error: evaluation was stopped: its time was over after 4\d\d\d steps/);
    expect(looks).toBe(4);
  });

  it("and one that does not is left alone", () => {
    expect(ask(`${numbers}p := count([1 | some a in xs; some b in ys])`)).toBe("30000");
  });
});

describe("errors of built-ins", () => {
  const text = 'p := "text" if not startswith(input.name, "a")';

  it("end a strict evaluation, with their place", () => {
    expect(ask(text, { json: '{"name": 5}' })).toBe(
      "t.rego:2: eval_type_error: startswith: operand 1 must be string but got number",
    );
  });

  it("are undefined in a lenient one", () => {
    expect(ask(text, { json: '{"name": 5}', strict: false })).toBe('"text"');
  });

  it("do not come from rules that compare the input with another constant", () => {
    const rules = `p contains 1 if { to_number(input.x) > 0; input.kind == "a" }
p contains 2 if { input.kind == "b" }`;
    expect(ask(rules, { json: '{"x": "no", "kind": "b"}' })).toBe("[2]");
    expect(ask(rules, { json: '{"x": "no", "kind": "a"}' })).toMatch(/^t.rego:2: eval_builtin_err/);
    expect(ask(rules, { json: '{"x": "3", "kind": "a"}' })).toBe("[1]");
    expect(ask(rules, { json: '{"x": "3"}' })).toBe("[]");
    expect(ask(rules, { json: '{"x": "3", "kind": ["a"]}' })).toBe("[]");
  });
});

describe("the index of rules", () => {
  const rules = `p contains "one" if input.n == 1
p contains "also one" if 1.0 == input.n
p contains "text" if input.n == "1"
p contains "any" if input.n
p contains "not two" if input.n != 2
p contains "null" if input.n == null
p contains "list" if input.n == [1]`;

  it.each([
    ['{"n": 1}', '["also one","any","not two","one"]'],
    ['{"n": 1.0}', '["also one","any","not two","one"]'],
    ['{"n": "1"}', '["any","not two","text"]'],
    ['{"n": null}', '["any","not two","null"]'],
    ['{"n": [1]}', '["any","list","not two"]'],
    ['{"n": 2}', '["any"]'],
    ["{}", "[]"],
    ["5", "[]"],
  ])("finds for %s what holds", (json, expected) => {
    expect(ask(rules, { json })).toBe(expected);
  });

  it("heeds `with`, and leaves chains of `else` whole", () => {
    expect(
      ask(`p := x if x := q with input.n as 2\nq := 1 if input.n == 1\nq := 2 if input.n == 2`),
    ).toBe("2");
    const chains = `p := 1 if { input.n == 1 } else := 2 if { input.n == 2 } else := 3
p := 3 if input.n == 3`;
    expect(ask(chains, { json: '{"n": 2}' })).toBe("2");
    expect(ask(chains, { json: '{"n": 3}' })).toBe("3");
  });
});

describe("with", () => {
  it("reaches rules that were evaluated before, and nothing beyond its line", () => {
    expect(
      ask(
        `p := [q, a, q, b] if { a := q with input.x as 2; b := q with data.d as {"y": 5} }
q := [input.x, y]
y := data.d.y`,
        { json: '{"x": 1}', data: parseJson('{"d": {"y": 4}}') },
      ),
    ).toBe("[[1,4],[2,4],[1,4],[1,5]]");
  });

  it("replaces rules and functions, also by built-ins and for several solutions", () => {
    expect(
      ask("p := [x | some i in [1, 2]; x := f(i) with f as g]\nf(x) := x\ng(x) := x * 10"),
    ).toBe("[10,20]");
    expect(ask('p := x if x := f("abc") with f as count\nf(x) := x')).toBe("3");
    expect(ask("p := x if x := count([1]) with count as 7")).toBe("7");
    expect(ask("p := x if x := q with r as 5\nq := r + 1\nr := 1")).toBe("6");
    expect(ask("p := x if x := f(1) with f as 5\nf(1) := 1")).toBe("5");
  });

  it("does not make a function's answer last", () => {
    expect(
      ask(
        `p := [f("a"), x, f("a")] if { x := f("a") with input.n as 2 }
f(t) := input.n if t == "a"`,
        { json: '{"n": 1}' },
      ),
    ).toBe("[1,2,1]");
  });
});

describe("documents", () => {
  it("of rules and of data lie over one another", () => {
    const data = parseJson('{"t": {"base": 1, "p": {"from": "data"}}, "other": [1, 2]}');
    expect(ask("p.x := 1\np.y := data.t.base", { data })).toBe('{"from":"data","x":1,"y":1}');
    expect(ask("p := [i | data.other[i]]", { data })).toBe("[0,1]");
    expect(ask("p := data.other[input.i]", { data, json: '{"i": 1}' })).toBe("2");
  });

  it("are not read through what JavaScript's objects inherit", () => {
    for (const name of ["constructor", "__proto__", "hasOwnProperty", "toString"]) {
      expect(ask(`p := input.${name}`, { json: "{}" })).toBe("undefined");
      expect(ask(`p := input[${JSON.stringify(name)}]`, { json: `{"${name}": 1}` })).toBe("1");
    }
  });
});

describe("prints and traces", () => {
  it("prints what is asked to be printed, undefined operands too", () => {
    const lines: string[] = [];
    const text = 'p if { print("x is", input.x, {1, 2}); print(input.none) }';
    const options = { prints: true };
    expect(ask(text, { json: '{"x": [1]}', print: (line) => lines.push(line), options })).toBe(
      "true",
    );
    expect(lines).toEqual(["x is [1] {1, 2}", "<undefined>"]);
    expect(ask(text, { json: "{}", print: () => expect.unreachable() })).toBe("true");
  });

  it("tells the lines that are evaluated", () => {
    const rows = new Set<number>();
    const text = "p if {\n  input.a\n  input.b\n}\np if {\n  input.c\n}";
    const visit = ({ row }: { row: number }) => rows.add(row);
    ask(text, { json: '{"a": 1}', visit, options: { traced: true } });
    expect([...rows].sort((a, b) => a - b)).toEqual([3, 4, 7]);
  });
});

describe("queries", () => {
  const loaded = loadModules([parseModule("package t\nxs := {1, 2}", "t.rego", "v1")]);
  const evaluation = { data: EMPTY_OBJECT, host: HOST, limits: LIMITS, strict: true };

  it("answer with all of their solutions, by the names of their author", () => {
    const query = prepareQuery(loaded, parseQuery("some x in data.t.xs; y := x * 10; _ = x"));
    const solutions = query(evaluation).map((each) => Object.fromEntries(each));
    expect(solutions).toEqual([
      { x: 1, y: 10 },
      { x: 2, y: 20 },
    ]);
  });

  it("are checked as policies are", () => {
    expect(() => prepareQuery(loaded, parseQuery("x > 1"))).toThrow(/var x is unsafe/);
    expect(() => prepareQuery(loaded, parseQuery("http.send({})"))).toThrow(/not supported/);
  });
});
