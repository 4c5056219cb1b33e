/**
 * The same decision under the same mask and drop policies gives the same entry here and in the log
 * of a real OPA, but for ids, labels, times and what is ours alone.
 */
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { embeddedEngine } from "../../src/adapters/policy-engine/embedded/engine.ts";
import type { Policies } from "../../src/ports/policy-engine.ts";
import { DecisionLog } from "../../src/telemetry/decision-log/decision-log.ts";
import { fakeDecisionSink } from "../../src/testing/fake-decision-sink.ts";
import { type Opa, startOpa } from "../support/opa.ts";
import { part } from "../support/parts.ts";

const QUIET = { info: () => undefined, warn: () => undefined };
const LOOK_EVERY_MS = 10;
const LOOKS_MAX = 1_000;
const RUNS = 400;
const ASKED = [
  ["app", "p"],
  ["system", "log", "mask"],
  ["system", "log", "drop"],
].map((path) => ({ path, lenient: false }));

const DECIDES = "package app\np := input.value\n";
const DROPS = "drop := input.input.drop\n";
/** What is masked is said by the input, so that one OPA serves every case. */
const AS_SET = `package system.log\n${DROPS}mask contains rule if some rule in input.input.rules\n`;
const AS_LIST = `package system.log\n${DROPS}mask := input.input.rules\n`;

interface Input {
  readonly rules?: unknown;
  readonly drop?: unknown;
  readonly value?: unknown;
  readonly [name: string]: unknown;
}

/** What both have to agree on. */
interface Shown {
  readonly path: string;
  readonly input?: unknown;
  readonly result?: unknown;
  readonly erased?: readonly string[];
  readonly masked?: readonly string[];
}

function shownOf({ erased, input, masked, path, result }: Shown): Shown {
  // By its text, to which what is undefined is absent.
  return JSON.parse(JSON.stringify({ path, input, result, erased, masked }));
}

class Both {
  readonly #opa: Opa;
  readonly #policies: Policies;

  private constructor(opa: Opa, policies: Policies) {
    this.#opa = opa;
    this.#policies = policies;
  }

  static async start(masks: string): Promise<Both> {
    const texts = { "app.rego": DECIDES, "log.rego": masks };
    const modules = Object.entries(texts).map(([file, text]) => ({ file, text }));
    const sources = { revision: "r", modules, data: "{}" };
    const parameters = ["--set", "decision_logs.console=true"];
    const opa = await startOpa({ dialect: "v1", sources, parameters });
    return new Both(opa, await embeddedEngine(systemClock).load(sources, ASKED));
  }

  /** Null: no entry was written. */
  async ours(input: Input): Promise<Shown | null> {
    const ask = (path: readonly string[], about: object) =>
      this.#policies.ask(
        { path, lenient: false },
        { ...about },
        { now: BigInt(systemClock.wall()) * 1_000_000n, timeoutMs: 1_000 },
      );
    const path = ["app", "p"];
    const answer = await ask(path, input);
    const sink = fakeDecisionSink();
    const log = new DecisionLog({ sinks: [sink], labels: {}, clock: systemClock, log: QUIET });
    const decision = { id: "d-1", at: systemClock.wall(), revision: "r", requestedBy: "me" };
    log.note({ ...decision, path, input, answer, ask });
    await log.settled();
    await log.close();
    return sink.events[0] === undefined ? null : shownOf(sink.events[0]);
  }

  /** Null: no entry was written, as is known once a later one was. */
  async theirs(input: Input): Promise<Shown | null> {
    const from = this.#opa.said().length;
    await this.#decide(input);
    await this.#decide({ value: "after" });
    for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
      const entries = this.#opa
        .said()
        .slice(from)
        .map((line) => JSON.parse(line))
        .filter(({ msg }) => msg === "Decision Log");
      if (entries.at(-1)?.result === "after") {
        return entries.length > 1 ? shownOf(entries[0]) : null;
      }
      await sleep(LOOK_EVERY_MS);
    }
    throw new Error(`OPA logged nothing: ${this.#opa.said().slice(from).join("\n")}`);
  }

  #decide(input: Input): Promise<void> {
    return new Promise((resolve, reject) => {
      const headers = { "content-type": "application/json" };
      const target = { socketPath: this.#opa.socket, path: "/v1/data/app/p", headers };
      const asked = request({ ...target, method: "POST" }, (response) => {
        response.on("end", resolve).on("error", reject).resume();
      });
      asked.on("error", reject).end(JSON.stringify({ input }));
    });
  }

  async close(): Promise<void> {
    await this.#opa.close();
    await this.#policies.close();
  }
}

const USER = { name: "ada", card: { no: "4111", year: 2030 }, tags: ["a", "b", "c"] };
const GRID = [[1, 2, 3], [{ deep: [4, 5] }], []];
const up = (path: unknown, ...value: readonly unknown[]) => ({
  op: "upsert",
  path,
  value: value[0],
});
const out = (path: unknown) => ({ op: "remove", path });

/** Masks, and what they are put to. */
const CASES: readonly (readonly [string, readonly unknown[], Omit<Input, "rules">])[] = [
  ["nothing", [], { user: USER, value: 1 }],
  ["a member", ["/input/user/name"], { user: USER, value: 1 }],
  ["members of members", ["/input/user/card/no", out("/input/user/tags")], { user: USER }],
  [
    "what is not there",
    ["/input/nobody", "/input/user/x/y", "/result/z"],
    { user: USER, value: {} },
  ],
  ["the whole input", ["/input"], { user: USER, value: true }],
  ["the whole result", ["/result"], { value: { secret: 1 } }],
  ["a result that is undefined", ["/result", up("/result", 1), up("/result/a", 1)], {}],
  ["a scalar result", ["/result/a", up("/result/a", 1)], { value: true }],
  ["a result in parts", ["/result/a", up("/result/b/c", 2)], { value: { a: 1 } }],
  ["both, whole", ["/input", "/result"], { value: [1] }],
  ["what is whole, after its part", ["/input/user", "/input"], { user: USER }],
  ["an element", ["/input/user/tags/1"], { user: USER }],
  ["the same element twice", [out("/input/user/tags/0"), "/input/user/tags/0"], { user: USER }],
  ["elements that move up", ["/input/g/0/0", "/input/g/0/1"], { g: GRID }],
  ["lists in lists", ["/input/g/1/0/deep/1", "/input/g/2/0", "/input/g/9"], { g: GRID }],
  [
    "a list as a result",
    ["/result/0", up("/result/0", "x"), up("/result/7", "x")],
    { value: [1, 2] },
  ],
  ["a list of one as a result", ["/result/0"], { value: [1] }],
  ["no index", ["/input/g/x", "/input/g/-1", "/input/g/1.0", "/input/g/"], { g: GRID }],
  ["an index as Go reads one", ["/input/g/+0/01", up("/input/g/-0/0", 9)], { g: GRID }],
  ["an empty name", ["/input/", "/input//x"], { "": { x: 1, y: 2 } }],
  ["a trailing slash", ["/input/user/", up("/input/user/", 1)], { user: USER }],
  ["another value", [up("/input/user/name", "**")], { user: USER }],
  ["another kind of value", [up("/input/user/card", [1, { a: null }])], { user: USER }],
  [
    "null, and no value at all",
    [up("/input/user/name", null), { op: "upsert", path: "/input/n" }],
    { user: USER },
  ],
  ["objects on its way", [up("/input/a/b/c", 1), up("/input/a/b/d", 2)], { user: USER }],
  [
    "a scalar on its way",
    [up("/input/user/name/first", 1), up("/input/user/tags/5/x", 1)],
    { user: USER },
  ],
  [
    "an element that is put",
    [up("/input/user/tags/2", "z"), up("/input/user/tags/3", "z")],
    { user: USER },
  ],
  ["into an element", [up("/input/g/1/0/deep/0", 9), up("/input/g/1/0/new/er", 9)], { g: GRID }],
  ["whole, replaced", [up("/input", { only: "this" }), up("/result", "?")], { value: 1 }],
  ["whole, replaced by null", [up("/input", null), up("/result", null)], { value: 1 }],
  ["removed, then put", [out("/input/user/name"), up("/input/user/name", "x")], { user: USER }],
  [
    "signs that need no percent",
    ["/input/a$b", "/input/c:d", "/input/e@f", "/input/g~h"],
    {
      ...{ a$b: 1, "c:d": 1, "e@f": 1, "g~h": 1, "i=j": 1, "k+l&m": 1 },
    },
  ],
  ["signs of a pointer", ["/input/~0", "/input/~"], { "~0": 1, "~": 2 }],
  ["the cache of built-ins", ["/nd_builtin_cache", "/nd_builtin_cache/x/y", "/input/a"], { a: 1 }],
  ["members of ours", ["/input/__proto__/x", up("/input/constructor/name", 1)], { a: 1 }],
  ["more than a mask's own fields", [{ ...out("/input/a"), because: "so" }], { a: 1 }],
];

/** What OPA takes for no masks: it logs nothing at all, where we log the rest. */
const GARBAGE: readonly (readonly [string, unknown])[] = [
  ["a text", "/input/a"],
  ["a number", 7],
  ["null", null],
  ["an object", { "/input/a": true }],
  ["true", true],
  ["a number among masks", ["/input/a", 7]],
  ["a list among masks", [["/input/a"]]],
  ["an empty pointer", [""]],
  ["no slash", ["input/a"]],
  ["another part", ["/labels/id"]],
  ["the root", ["/"]],
  ["half an escape", ["/input/%4"]],
  ["no hex", ["/input/%zz"]],
  ["no op", [{ path: "/input/a" }]],
  ["an op that is none", [{ op: "hash", path: "/input/a" }]],
  ["an op that is no text", [{ op: 1, path: "/input/a" }]],
  ["no path", [{ op: "remove" }]],
  ["a path that is no text", [{ op: "remove", path: 1 }]],
];

describe.skipIf(!part("opa").available)("entries are those of OPA", () => {
  let set: Both;
  let list: Both;

  beforeAll(async () => {
    [set, list] = await Promise.all([Both.start(AS_SET), Both.start(AS_LIST)]);
  });

  afterAll(async () => {
    await Promise.all([set.close(), list.close()]);
  });

  test.each(CASES)("with masks for %s", async (_, rules, rest) => {
    const input = { ...rest, rules };
    for (const both of [set, list]) {
      const theirs = await both.theirs(input);
      expect(theirs).not.toBe(null);
      expect(await both.ours(input)).toEqual(theirs);
    }
  });

  test.each(GARBAGE)("but where a mask is %s nothing is shown here either", async (_, rules) => {
    const input = { a: "secret", value: "secret", rules };
    expect(await list.theirs(input)).toBe(null);
    expect(await list.ours(input)).toEqual({ path: "app/p" });
  });

  test.each([true, false, null, "true", 1, {}, [true]])("with drop = %j", async (drop) => {
    const input = { a: 1, value: 2, drop, rules: ["/input/a"] };
    const theirs = await set.theirs(input);
    expect(theirs === null).toBe(drop === true);
    expect(await set.ours(input)).toEqual(theirs);
  });

  test("where no mask and no drop is defined", async () => {
    const input = { a: 1, value: { b: 2 } };
    expect(await list.ours(input)).toEqual(await list.theirs(input));
  });

  test("names that OPA cannot point to are found here", async () => {
    const rules = ["/input/full name", "/input/naïve", "/input/a%20b", "/input/c~1d"];
    const input = { "full name": "ada", naïve: 1, "a b": 2, "c/d": 3, rules };
    const theirs = await list.theirs(input);
    expect(theirs).toEqual({ path: "app/p", input });
    expect(await list.ours(input)).toEqual({
      path: "app/p",
      input: { rules },
      erased: ["/input/full%20name", "/input/na%C3%AFve", "/input/a%2520b", "/input/c~1d"],
    });
  });

  test("whatever the masks and the values", async () => {
    const name = fc.constantFrom("a", "b", "0", "1", "-1", "", "__proto__");
    const value = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom(null, true, 7, "x"),
        fc.array(tie("tree"), { maxLength: 3 }),
        fc.dictionary(name, tie("tree"), { maxKeys: 3 }),
      ),
    })).tree;
    const path = fc
      .tuple(fc.constantFrom("input", "input/in", "result"), fc.array(name, { maxLength: 3 }))
      .map(([root, steps]) => `/${[root, ...steps].join("/")}`);
    const rule = fc.oneof(
      path,
      path.map(out),
      fc.tuple(path, value).map(([at, v]) => up(at, v)),
    );
    const asked = fc.record({ in: value, value, rules: fc.array(rule, { maxLength: 5 }) });
    await fc.assert(
      fc.asyncProperty(asked, async (input) => {
        // `__proto__` as a plain name, as it would come from the wire.
        const plain = JSON.parse(JSON.stringify(input));
        for (const both of [set, list]) {
          const [ours, theirs] = [await both.ours(plain), await both.theirs(plain)];
          expect(JSON.stringify(sorted(ours))).toBe(JSON.stringify(sorted(theirs)));
        }
      }),
      { numRuns: RUNS },
    );
  });
});

/** With names in one order; by way of pairs, so that `__proto__` is a name like any other. */
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, inner]) => [name, sorted(inner)]);
}
