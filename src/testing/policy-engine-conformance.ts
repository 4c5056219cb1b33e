import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Policies,
  type PolicyAnswer,
  type PolicyDocument,
  type PolicyEngine,
  PolicyProblems,
  type PolicyQuery,
  type PolicySources,
} from "../ports/policy-engine.ts";
import {
  AUTHZ,
  AUTHZ_CASES,
  CASES,
  ERROR,
  type PolicyCase,
  SUITE,
  UNDEFINED,
} from "./policy-engine-cases.ts";

/** What an engine is to be opened for. */
export interface PolicyAsked {
  readonly sources: PolicySources;
  /** The dialect of all modules. */
  readonly dialect: "v0" | "v1";
  readonly queries: readonly PolicyQuery[];
}

export interface PolicyEngineFixture {
  readonly engine: PolicyEngine;
  /** What it loads: those it was opened for, in its own form. */
  readonly sources: PolicySources;
  dispose(): Promise<void>;
}

export type OpenPolicyEngine = (asked: PolicyAsked) => Promise<PolicyEngineFixture>;

export interface PolicyEngineSpoken {
  /** False: it refuses to load queries that are not lenient. */
  readonly strict: boolean;
  /** A path that has no document: undefined when it is asked for, or refused at load. */
  readonly absent: "undefined" | "refused";
}

const ROOMY_MS = 20_000;
const SHORT_MS = 100;
/** For questions of that time. It is looked at now and then, and a busy machine is late to look. */
const STOPPED_MS = 20_000;
const NOW = 1_795_356_000_000_000_000n;
const QUESTIONS_AT_ONCE = 200;

const EXPLODES = "suite.explodes";
const ECHOED = "suite.echoed";

/** What every adapter of a policy engine must do. */
export function policyEngineConformance(
  name: string,
  open: OpenPolicyEngine,
  spoken: PolicyEngineSpoken,
): void {
  const modes = spoken.strict ? [false, true] : [true];
  describe.each(modes)(`policy engine ${name}, lenient: %s`, (lenient) => {
    const suite = opened(open, { sources: SUITE, dialect: "v1", lenient, cases: CASES });
    answering(suite, CASES, lenient);
    const authz = opened(open, { sources: AUTHZ, dialect: "v0", lenient, cases: AUTHZ_CASES });
    describe("the policy of v0", () => answering(authz, AUTHZ_CASES, lenient));
  });
  describe(`policy engine ${name}`, () => {
    loading(open, spoken);
    enduring(open, !spoken.strict);
  });
}

interface Given extends Omit<PolicyAsked, "queries"> {
  readonly lenient: boolean;
  readonly cases: readonly PolicyCase[];
}

type Ask = (path: string, input: PolicyDocument) => Promise<PolicyAnswer>;

/** One set for all questions of a `describe`, so that each comes after many others. */
function opened(open: OpenPolicyEngine, { cases, dialect, lenient, sources }: Given): Ask {
  const paths = [...new Set(cases.map(({ path }) => path))];
  const queries = paths.map((path) => queryOf(path, lenient));
  let loaded: Loaded;
  beforeAll(async () => {
    loaded = await load(open, { sources, dialect, queries });
  });
  afterAll(() => loaded.dispose());
  return (path, input) => askIn(loaded.policies, queryOf(path, lenient), input);
}

interface Loaded {
  readonly policies: Policies;
  dispose(): Promise<void>;
}

async function load(open: OpenPolicyEngine, asked: PolicyAsked): Promise<Loaded> {
  const { dispose, engine, sources } = await open(asked);
  const policies = await engine.load(sources, asked.queries);
  return {
    policies,
    async dispose() {
      await policies.close();
      await dispose();
    },
  };
}

function queryOf(path: string, lenient: boolean): PolicyQuery {
  return { path: path.split("."), lenient };
}

function askIn(
  policies: Policies,
  query: PolicyQuery,
  input: PolicyDocument,
  timeoutMs = ROOMY_MS,
): Promise<PolicyAnswer> {
  return policies.ask(query, input, { now: NOW, timeoutMs });
}

function answering(ask: Ask, cases: readonly PolicyCase[], lenient: boolean): void {
  test.each(cases)("$path of $input", async (one) => {
    const expected = lenient && "lenient" in one ? one.lenient : one.strict;
    const answer = await ask(one.path, one.input);
    if (expected === ERROR) expect(answer).toMatchObject({ kind: "failed", code: "error" });
    else if (expected === UNDEFINED) expect(answer.kind).toBe("undefined");
    else expect(valueIn(answer, one)).toEqual(ordered(expected, one));
  });
}

function valueIn(answer: PolicyAnswer, one: PolicyCase): unknown {
  return answer.kind === "value" ? ordered(answer.value, one) : answer;
}

/** Elements of sets come in any order. */
function ordered(value: unknown, { hasSets }: PolicyCase): unknown {
  if (hasSets !== true) return value;
  const text = JSON.stringify(value, (_, each) =>
    Array.isArray(each) ? each.map((element) => JSON.stringify(element)).sort() : each,
  );
  return JSON.parse(text);
}

function loading(open: OpenPolicyEngine, { absent, strict }: PolicyEngineSpoken): void {
  const begin = (queries: readonly PolicyQuery[]) =>
    open({ sources: SUITE, dialect: "v1", queries });

  test("a loaded set is known by its revision", async () => {
    const queries = [queryOf(ECHOED, true)];
    const { dispose, policies } = await load(open, { sources: SUITE, dialect: "v1", queries });
    expect([policies.revision, policies.notes]).toEqual(["suite-1", expect.any(Array)]);
    await dispose();
  });

  test(`a path that has no document is ${absent}`, async () => {
    const { dispose, engine, sources } = await begin([queryOf(ECHOED, true)]);
    const query = queryOf("suite.nobody.wrote.this", true);
    const loaded = engine.load(sources, [query]);
    if (absent === "refused") {
      await expect(loaded).rejects.toThrow(PolicyProblems);
    } else {
      expect((await askIn(await loaded, query, {})).kind).toBe("undefined");
      await (await loaded).close();
    }
    await dispose();
  });

  if (strict) whole(open);
  if (!strict) lenientOnly(open);
}

function whole(open: OpenPolicyEngine): void {
  test("a path may have documents alone", async () => {
    const query = queryOf("suite.nested.from_data", true);
    const asked = { sources: SUITE, dialect: "v1", queries: [query] } as const;
    const { dispose, policies } = await load(open, asked);
    expect(await askIn(policies, query, {})).toMatchObject({ kind: "value", value: ["data"] });
    await dispose();
  });
}

function lenientOnly(open: OpenPolicyEngine): void {
  test("a query that is not lenient is refused", async () => {
    const asked = { sources: SUITE, dialect: "v1", queries: [queryOf(ECHOED, true)] } as const;
    const { dispose, engine, sources } = await open(asked);
    const loaded = engine.load(sources, [queryOf(ECHOED, false)]);
    await expect(loaded).rejects.toThrow(PolicyProblems);
    await dispose();
  });
}

function enduring(open: OpenPolicyEngine, lenient: boolean): void {
  const echoed = queryOf(ECHOED, lenient);
  const explodes = queryOf(EXPLODES, lenient);
  let loaded: Loaded;
  beforeAll(async () => {
    loaded = await load(open, { sources: SUITE, dialect: "v1", queries: [echoed, explodes] });
  });
  afterAll(() => loaded.dispose());

  const title = "a policy that explodes is stopped, and the next question is answered";
  test(title, { timeout: STOPPED_MS }, async () => {
    for (let number = 0; number < 3; number += 1) {
      const answer = await askIn(loaded.policies, explodes, {}, SHORT_MS);
      expect(answer).toMatchObject({ kind: "failed" });
      expect(["limit", "unreachable"]).toContain(answer.kind === "failed" && answer.code);
      const next = await askIn(loaded.policies, echoed, { number });
      expect(next).toMatchObject({ kind: "value", value: number });
    }
  });

  test("each of many questions at once has its own answer", async () => {
    const numbers = Array.from({ length: QUESTIONS_AT_ONCE }, (_, number) => number);
    const answers = await Promise.all(
      numbers.map((number) => askIn(loaded.policies, echoed, { number })),
    );
    expect(answers.map((answer) => answer.kind === "value" && answer.value)).toEqual(numbers);
  });

  test("an input that is no JSON is an answer that failed", async () => {
    const answer = await askIn(loaded.policies, echoed, { number: 10n });
    expect(answer).toMatchObject({ kind: "failed" });
  });

  test("what is asked while a set is let go is answered, and nothing after", async () => {
    const asked = { sources: SUITE, dialect: "v1", queries: [echoed] } as const;
    const { dispose, policies } = await load(open, asked);
    const under = askIn(policies, echoed, { number: 1 });
    await policies.close();
    expect(["value", "failed"]).toContain((await under).kind);
    const after = await askIn(policies, echoed, { number: 1 });
    expect(after).toMatchObject({ kind: "failed", code: "unreachable" });
    await dispose();
  });
}
