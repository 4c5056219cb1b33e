/** Cases of one test: what `opa test` makes of them, each a line and a count of its own here. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { part } from "../../support/parts.ts";
import { slipclutch } from "./harness.ts";
import { policies } from "./policy-folder.ts";

const RULES = `package t_test

import data.t

cases := {
  "one": {"x": 1, "want": 2},
  "two": {"x": 2, "want": 5},
  "three": {"x": 3, "want": 4},
}

test_add[note] if {
  some note, tc in cases
  print("adds", tc.x)
  t.next(tc.x) == tc.want
}

test_with[note] if {
  some note, tc in cases
  t.is_asked with input as {"x": tc.x}
}

test_later[note] if {
  note != "two"
  t.next(cases[note].x) > 0
}

test_pairs[a][b] if {
  some a in ["x", "y"]
  some b in [1, 2]
  b == 1
}

test_named_by[n] if some n in [1, 2.5, null, true, {"a": 1}]

test_value[note] := tc.x if some note, tc in cases

test_one if true

todo_test_all[note] if some note, tc in cases
`;
const FILES = {
  "t.rego": "package t\n\nnext(x) := x + 1\n\nis_asked if input.x > 1\n",
  "t_test.rego": RULES,
};

interface Ran {
  readonly code: number;
  readonly counts: object;
  /** `pass test_add[one]`, sorted. */
  readonly lines: readonly string[];
}

async function ran(files: Record<string, string>, ...flags: string[]): Promise<Ran> {
  const { code, out } = await slipclutch(["policy", "test", "p", "--json", ...flags], {
    folder: policies(files),
  });
  const { tests, ...counts } = JSON.parse(out);
  const lines = tests.map(
    ({ name, result }: { name: string; result: string }) =>
      `${result} ${name.replace("data.t_test.", "")}`,
  );
  return { code, counts, lines: lines.toSorted() };
}

/** The same of the real `opa test`, whose cases are nested. */
function opaLines(folder: string): readonly string[] {
  interface Cases {
    readonly [name: string]: { readonly fail?: boolean; readonly sub_results?: Cases };
  }
  interface Test extends Pick<Cases[string], "fail" | "sub_results"> {
    readonly name: string;
    readonly skip?: boolean;
  }
  const leaves = (name: string, of: Cases[string]): readonly string[] =>
    of.sub_results === undefined
      ? [`${of.fail ? "fail" : "pass"} ${name}`]
      : Object.entries(of.sub_results).flatMap(([key, one]) => leaves(`${name}[${key}]`, one));
  let text: string;
  try {
    text = execFileSync("opa", ["test", "--format", "json", join(folder, "p")]).toString();
  } catch (error) {
    // `as`: it ends with 2 where a test fails, and has said all the same.
    text = String((error as { stdout: Buffer }).stdout);
  }
  const tests: readonly Test[] = JSON.parse(text);
  const lines = tests.flatMap((one) =>
    one.skip ? [`skip ${one.name}`] : leaves(one.name, { ...one }),
  );
  return lines.toSorted();
}

describe("cases of one test", () => {
  test("are lines and counts of their own", async () => {
    const { code, counts, lines } = await ran(FILES);
    expect({ code, counts }).toEqual({
      code: 1,
      counts: { passed: 14, failed: 7, errors: 0, skipped: 1 },
    });
    expect(lines).toEqual([
      "fail test_add[two]",
      "fail test_pairs[x][2]",
      "fail test_pairs[y][2]",
      "fail test_value[one]",
      "fail test_value[three]",
      "fail test_value[two]",
      "fail test_with[one]",
      "pass test_add[one]",
      "pass test_add[three]",
      "pass test_later[one]",
      "pass test_later[three]",
      "pass test_named_by[1]",
      "pass test_named_by[2.5]",
      "pass test_named_by[null]",
      "pass test_named_by[true]",
      'pass test_named_by[{"a":1}]',
      "pass test_one",
      "pass test_pairs[x][1]",
      "pass test_pairs[y][1]",
      "pass test_with[three]",
      "pass test_with[two]",
      "skip todo_test_all",
    ]);
  });

  test.skipIf(!part("opa").available)("are those that opa test has", async () => {
    const { lines } = await ran(FILES);
    expect(lines).toEqual(opaLines(policies(FILES)));
  });

  test("have what they printed, and a place", async () => {
    const { out } = await slipclutch(["policy", "test", "p", "--run", "test_add"], {
      folder: policies(FILES),
    });
    expect(out).toBe(
      `FAILED  t_test.rego:11  data.t_test.test_add[two]: it is undefined
        adds 2
p: 2 passed, 1 failed, 0 ended with an error, 0 skipped.
`,
    );
  });

  test("of which there is none are no answer", async () => {
    const none = "package t_test\n\ntest_none[note] if some note in []\n";
    expect(await ran({ "t_test.rego": none })).toMatchObject({
      code: 1,
      lines: ["fail test_none"],
    });
  });

  test("that end with an error say in which they did", async () => {
    const wrong = `package t_test

test_div[n] if {
  some n in [1, 0, 2]
  4 / n > 1
}
`;
    expect(await ran({ "t_test.rego": wrong })).toMatchObject({ lines: ["error test_div[0]"] });
    expect(await ran({ "t_test.rego": wrong }, "--lenient")).toMatchObject({
      lines: ["fail test_div[0]", "pass test_div[1]", "pass test_div[2]"],
    });
  });

  test("of several rules of one name are its cases together", async () => {
    const two = `package t_test

test_both[n] if {
  some n in ["a", "b"]
  n == "a"
}

test_both[n] if some n in ["b", "c"]
`;
    expect((await ran({ "t_test.rego": two })).lines).toEqual([
      "pass test_both[a]",
      "pass test_both[b]",
      "pass test_both[c]",
    ]);
  });

  test("change nothing of what the coverage is", async () => {
    const { out } = await slipclutch(["policy", "test", "p", "--coverage", "--json"], {
      folder: policies(FILES),
    });
    expect(JSON.parse(out).coverage).toMatchObject({ percent: 100 });
  });
});
