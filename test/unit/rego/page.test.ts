/** What `docs/rego.md` says of the engine is so, and what it says of OPA where there is one. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { systemClock } from "../../../src/adapters/clock/system.ts";
import { embeddedEngine } from "../../../src/adapters/policy-engine/embedded/engine.ts";
import { type PolicyAnswer, PolicyProblems } from "../../../src/ports/policy-engine.ts";
import { REFUSED } from "../../../src/rego/builtins/known.ts";
import { part } from "../../support/parts.ts";

const PAGE = readFileSync(join(import.meta.dirname, "../../../docs/rego.md"), "utf8");
const TIMEOUT_MS = 20_000;

/** The rows of the table below a heading, without its first two. */
function rowsBelow(heading: string): readonly (readonly string[])[] {
  const section = PAGE.split(/^## /m).find((each) => each.startsWith(`${heading}\n`)) ?? "";
  const lines = section.split("\n").filter((line) => line.startsWith("| "));
  return lines.slice(1).map((line) => line.slice(2, -2).split(" | "));
}

async function answerTo(
  text: string,
  lenient = false,
  input: Readonly<Record<string, unknown>> = {},
): Promise<PolicyAnswer> {
  const modules = [{ file: "t.rego", text: `package t\n${text}` }];
  const query = { path: ["t", "p"], lenient };
  const policies = await embeddedEngine(systemClock).load({ revision: "r", modules, data: "{}" }, [
    query,
  ]);
  const answer = await policies.ask(query, input, { now: 0n, timeoutMs: TIMEOUT_MS });
  await policies.close();
  return answer;
}

/** JSON, `undefined`, or the code of an error. */
async function told(...asked: Parameters<typeof answerTo>): Promise<string> {
  const answer = await answerTo(...asked);
  if (answer.kind === "value") return JSON.stringify(answer.value);
  if (answer.kind === "undefined") return "undefined";
  return /eval_\w+/.exec(answer.because)?.[0] ?? answer.because;
}

async function problems(text: string): Promise<readonly string[]> {
  const loaded = answerTo(text).then(() => []);
  return loaded.catch((error: unknown) => {
    if (error instanceof PolicyProblems) return error.problems.map(({ message }) => message);
    throw error;
  });
}

/** What stands in backticks, in a cell of a table. */
function code(cell: string | undefined): string | undefined {
  return /^`(.*)`$/.exec(cell ?? "")?.[1];
}

describe("what is refused at load, by the list of docs/policies.md,", () => {
  test.each([...REFUSED.keys()])(
    "is %s, called or replaced or in another's place",
    async (name) => {
      const refusal = [`${name} is not supported`];
      expect(await problems(`p := ${name}()`)).toEqual(refusal);
      expect(await problems(`p if q with ${name} as 1\nq := 1`)).toEqual(refusal);
      expect(await problems(`p if count([]) == 0 with count as ${name}`)).toEqual(refusal);
    },
  );
});

const DIFFERENCES = rowsBelow("Where the answers differ on purpose");

describe("where the answers differ on purpose", () => {
  test("there are rows, each with what is told here", () => {
    expect(DIFFERENCES.length).toBeGreaterThan(10);
    for (const [expression, , here] of DIFFERENCES) {
      expect([code(expression), code(here)]).toEqual([expect.any(String), expect.any(String)]);
    }
  });

  test.each(DIFFERENCES)("%s is %s in OPA, and %s here", async (expression, _, here) => {
    expect(await told(`p := ${code(expression)}`)).toBe(code(here));
    expect(await told(`p := ${code(expression)}`, true)).toBe(code(here));
  });

  const answered = DIFFERENCES.filter(([, inOpa]) => code(inOpa) !== undefined);
  test.skipIf(!part("opa").available).each(answered)("of %s OPA says %s", (expression, inOpa) => {
    const { stdout } = spawnSync("opa", ["eval", "--format", "values", code(expression) ?? ""]);
    expect(JSON.parse(String(stdout))).toEqual([JSON.parse(code(inOpa) ?? "")]);
  });
});

test.each([
  ["p := 0.1 + 0.2 == 0.3", "true"],
  ["p := {1: 2}[1.0]", "2"],
  ["p := -7 % 3", "-1"],
  ["p := round(-2.5)", "-3"],
  ["p := json.marshal(1.0)", '"1.0"'],
  ['p := json.marshal(json.unmarshal("1e400"))', '"1e400"'],
  ['p := to_number("9007199254740993") == 9007199254740993', "true"],
  ['p := sprintf("%d", ["a"])', '"%!d(string=a)"'],
  ['p := hex.encode(base64.decode("/w=="))', '"ff"'],
  ['p := base64.decode("/w==")', '"\ufffd"'],
  ["p := input.whole == 9007199254740992", "true"],
  ['p := sprintf("%v", [input.fraction])', '"1.1"'],
  ['p if not q\nq if startswith(input.fraction, "a")', "eval_type_error"],
  ["allow { true }\np := allow", "true"],
])("what the page says by the way is so: %s", async (text, expected) => {
  const input = JSON.parse('{"whole": 9007199254740993, "fraction": 1.10}');
  expect(await told(text, false, input)).toBe(expected);
});

describe("the limits", () => {
  const limit = (row: number): string => rowsBelow("Limits")[row]?.[1]?.replaceAll(",", "") ?? "";

  test("of steps and of rules within one another are those of the table", async () => {
    const many = await answerTo("p := count([1 | some a in numbers.range(1, 2000000)])");
    expect(many).toMatchObject({ because: expect.stringContaining(`than ${limit(0)} steps`) });
    const chain = Array.from({ length: 600 }, (_, i) => `r${i} := r${i + 1}`).join("\n");
    const deep = await answerTo(`p := r0\n${chain}\nr600 := 1`);
    expect(deep).toMatchObject({ because: expect.stringContaining(`than ${limit(1)} deep`) });
  });

  test("of nesting, in a policy and in JSON, likewise", async () => {
    const lists = (depth: number): string => `p := ${"[".repeat(depth)}1${"]".repeat(depth)}`;
    const text = Number(limit(3));
    expect(await problems(lists(text - 5))).toEqual([]);
    expect(await problems(lists(text + 5))).toEqual(["nested too deeply"]);
    const json = (depth: number): string =>
      `p := is_array(json.unmarshal(sprintf("%s1%s", ["${"[".repeat(depth)}", "${"]".repeat(depth)}"])))`;
    expect(await told(json(Number(limit(4))))).toBe("true");
    expect(await told(json(Number(limit(4)) + 1), true)).toBe("eval_limit_error");
  });
});
