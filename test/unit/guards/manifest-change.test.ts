/** What holds for a task that began under another manifest: the worse verdict, or the old one. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { GrantedResource } from "../../../src/guards/library/grants.ts";
import { readOf } from "../../../src/guards/library/reading.ts";
import { governing } from "../../../src/guards/manifest/change.ts";
import type { CallLimits, Manifest } from "../../../src/guards/manifest/manifest.ts";
import { resolveTool } from "../../../src/guards/tool/names.ts";
import type { GrantedTool, ToolGrants } from "../../../src/guards/tool/tool.ts";
import { limits, manifest } from "./scenes.ts";

const NAMES = ["a", "b", "c"] as const;
const LIMITED = ["maxOutputTokens", "maxInputTokens", "maxN"] as const;

const someLimits: fc.Arbitrary<CallLimits> = fc
  .record({
    maxOutputTokens: fc.option(fc.integer({ min: 1, max: 9 })),
    maxInputTokens: fc.option(fc.integer({ min: 1, max: 9 })),
    maxN: fc.option(fc.integer({ min: 1, max: 9 })),
    timeoutMs: fc.integer({ min: 1, max: 9 }),
    minUsefulOutput: fc.integer({ min: 1, max: 9 }),
  })
  .map((some) => limits(some));

const unwraps = (tool: string) => ({ tool, arguments: "/arguments/with", server: null });

const someTool = (tool: string): fc.Arbitrary<GrantedTool> =>
  fc.record({
    server: fc.constant("desk"),
    tool: fc.constant(tool),
    isGranted: fc.constant(true),
    takes: fc.constant(null),
    effect: fc.constant("read" as const),
    readOnly: fc.boolean(),
    rateLimit: fc.option(fc.record({ requests: fc.nat(9), perMs: fc.constant(1_000) })),
    // Arguments are numbers here, and a schema is the most that one may be.
    check: fc.option(
      fc.nat(9).map((max) => (value: unknown) => (Number(value) > max ? `${max}` : null)),
    ),
    approval: fc.oneof(
      fc.constantFrom("never" as const, "always" as const),
      fc.nat(9).map((max) => (value: unknown) => (Number(value) > max ? `${max}` : null)),
    ),
    cost: fc.option(fc.record({ nanoUsd: fc.nat(9), quantity: fc.constant(null) })),
    emptyIsError: fc.boolean(),
    timeoutMs: fc.integer({ min: 1, max: 9 }),
    sql: fc.constant(null),
    unwraps: fc.constantFrom(null, unwraps("/arguments/a"), unwraps("/arguments/b")),
    resource: fc.constant([]),
    pin: fc.constantFrom(null, "sha256:a", "sha256:b"),
    output: fc.constant(null),
    commitment: fc.constant(null),
    ends: fc.constant([]),
    resultBytesMax: fc.integer({ min: 1, max: 9 }),
    concurrentMax: fc.option(fc.integer({ min: 1, max: 9 })),
    repeatsMax: fc.option(fc.integer({ min: 1, max: 9 })),
  });

const someTools: fc.Arbitrary<ToolGrants> = fc.record({
  allowed: fc
    .tuple(...NAMES.map((name) => fc.option(someTool(name))))
    .map((tools) => tools.filter((tool) => tool !== null)),
  observed: fc.constant([]),
  hosted: fc.subarray([...NAMES]).map((names) => new Set<string>(names)),
  blacklisted: fc.subarray([...NAMES]).map((names) => new Set<string>(names)),
  argumentsBytesMax: fc.integer({ min: 1, max: 9 }),
});

const someManifest: fc.Arbitrary<Manifest> = fc
  .record({
    models: fc.option(
      fc
        .tuple(...NAMES.map((name) => fc.option(fc.tuple(fc.constant(name), someLimits))))
        .map((models) => new Map<string, CallLimits>(models.filter((model) => model !== null))),
    ),
    limits: someLimits,
    strict: fc.boolean(),
    tools: someTools,
    labels: fc.record({
      team: fc.option(fc.string()),
      org: fc.constant(null),
      owner: fc.constant(null),
    }),
  })
  .map((some) => manifest(some));

/** Null: the model is not granted. */
function modelLimits({ limits: rest, models }: Manifest, model: string): CallLimits | null {
  return models === null ? rest : (models.get(model) ?? null);
}

/** Whether a person is asked for a call with this argument. */
function asks({ approval }: GrantedTool, argument: number): boolean {
  if (typeof approval === "string") return approval === "always";
  return approval(argument) === null;
}

function allows(tool: string, argument: number, { tools }: Manifest): boolean {
  const found = resolveTool(`desk__${tool}`, tools, null);
  return typeof found !== "string" && (found.check?.(argument) ?? null) === null;
}

describe("strictest", () => {
  test("a model is granted where both grant it, within the narrower of each limit", () => {
    fc.assert(
      fc.property(
        someManifest,
        someManifest,
        fc.constantFrom(...NAMES, "other"),
        (now, before, model) => {
          const both = modelLimits(governing(now, before), model);
          const [one, other] = [modelLimits(now, model), modelLimits(before, model)];
          expect(both === null).toBe(one === null || other === null);
          if (both === null || one === null || other === null) return;
          for (const name of LIMITED) {
            const least = Math.min(one[name] ?? Infinity, other[name] ?? Infinity);
            expect(both[name] ?? Infinity).toBe(least);
          }
          expect(both.timeoutMs).toBe(Math.min(one.timeoutMs, other.timeoutMs));
          expect(both.minUsefulOutput).toBe(Math.max(one.minUsefulOutput, other.minUsefulOutput));
        },
      ),
    );
  });

  test("a task that began while its agent was observed has what is granted now, but for what held then", () => {
    fc.assert(
      fc.property(
        someManifest,
        someManifest,
        fc.option(fc.constantFrom("desk", "other")),
        (now, before, server) => {
          const observe = { until: 1, servers: server === null ? null : new Set([server]) };
          const began = { ...before, observe };
          const both = governing(now, began);
          expect([both.observe, both.observing]).toEqual([null, false]);
          for (const tool of NAMES) {
            const [granted, then] = [now, began].map(({ tools }) =>
              tools.allowed.find((one) => one.tool === tool),
            );
            const isBlacklisted = [now, began].some(({ tools }) => tools.blacklisted.has(tool));
            // What was granted held its arguments to nothing then, and asked a person as it says.
            const isThere = granted !== undefined && (then !== undefined || server !== "other");
            const found = both.tools.allowed.find((one) => one.tool === tool);
            expect(found !== undefined, tool).toBe(isThere);
            if (found === undefined || granted === undefined) continue;
            expect(resolveTool(tool, both.tools, null) === "blacklisted").toBe(isBlacklisted);
            for (const argument of [0, 5, 10]) {
              expect(found.check?.(argument) ?? null).toBe(granted.check?.(argument) ?? null);
              const person =
                asks(granted, argument) || (then !== undefined && asks(then, argument));
              expect(asks(found, argument)).toBe(person);
            }
          }
          for (const model of [...NAMES, "other"]) {
            expect(modelLimits(both, model) === null).toBe(modelLimits(now, model) === null);
            const most = modelLimits(both, model)?.maxOutputTokens ?? Infinity;
            expect(most).toBeLessThanOrEqual(modelLimits(now, model)?.maxOutputTokens ?? Infinity);
          }
        },
      ),
    );
  });

  test("a tool may be called where both let it, with arguments that fit both", () => {
    fc.assert(
      fc.property(
        someManifest,
        someManifest,
        fc.constantFrom(...NAMES),
        fc.nat(10),
        (now, before, tool, n) => {
          const both = governing(now, before);
          expect(allows(tool, n, both)).toBe(allows(tool, n, now) && allows(tool, n, before));
          const [found] = both.tools.allowed.filter((one) => one.tool === tool);
          const pair = [now, before].map(({ tools }) =>
            tools.allowed.find((one) => one.tool === tool),
          );
          const [newest, oldest] = pair;
          expect(found === undefined).toBe(newest === undefined || oldest === undefined);
          if (found === undefined || newest === undefined || oldest === undefined) return;
          // Whichever says that its calls are calls of other tools: those are decided too.
          expect(found.unwraps).toEqual(newest.unwraps ?? oldest.unwraps);
          expect(found.readOnly).toBe(newest.readOnly || oldest.readOnly);
          expect(asks(found, n)).toBe(asks(newest, n) || asks(oldest, n));
          expect(found.timeoutMs).toBe(Math.min(newest.timeoutMs, oldest.timeoutMs));
          const { concurrentMax, cost, rateLimit, repeatsMax } = newest;
          expect(found).toMatchObject({ concurrentMax, cost, rateLimit, repeatsMax });
          expect(found.resultBytesMax).toBe(Math.min(newest.resultBytesMax, oldest.resultBytesMax));
          // What a server offers passes where it passes both pins, and nowhere else.
          for (const offered of ["sha256:a", "sha256:b"]) {
            const fits = ({ pin }: GrantedTool) => pin === null || pin === offered;
            expect(fits(found)).toBe(fits(newest) && fits(oldest));
          }
        },
      ),
    );
  });

  test("whatever is neither model nor tool is as now", () => {
    fc.assert(
      fc.property(someManifest, someManifest, (now, before) => {
        const both = governing(now, before);
        const { argumentsBytesMax: most, hosted } = both.tools;
        for (const name of NAMES) {
          expect(hosted.has(name)).toBe(
            now.tools.hosted.has(name) && before.tools.hosted.has(name),
          );
        }
        expect(both.labels).toEqual(now.labels);
        expect(both.strict).toBe(now.strict || before.strict);
        expect(most).toBe(Math.min(now.tools.argumentsBytesMax, before.tools.argumentsBytesMax));
      }),
    );
  });
});

describe("finish", () => {
  test("models, limits and tools are as they were; what tools cost and how often is as now", () => {
    fc.assert(
      fc.property(someManifest, someManifest, (newest, before) => {
        const now: Manifest = { ...newest, onChange: "finish" };
        const { allowed, ...rest } = before.tools;
        const holds = governing(now, before);
        expect(holds).toMatchObject({ models: before.models, limits: before.limits });
        expect(holds.labels).toEqual(now.labels);
        expect(holds.strict).toBe(before.strict);
        expect(holds.tools).toMatchObject(rest);
        expect(holds.tools.allowed).toEqual(
          allowed.map((tool) => {
            const same = now.tools.allowed.find((one) => one.tool === tool.tool);
            if (same === undefined) return tool;
            const { commitment, concurrentMax, cost, ends, rateLimit, repeatsMax } = same;
            return { ...tool, commitment, concurrentMax, cost, ends, rateLimit, repeatsMax };
          }),
        );
      }),
    );
  });
});

describe("what may be read", () => {
  const data = { server: "desk", under: "file:///data/" };
  const sub = { server: "desk", under: "file:///data/sub/" };
  const inSub = { server: "desk", uri: "file:///data/sub/a" };
  const outside = { server: "desk", uri: "file:///etc/a" };
  const prompt = (max: number | null) => {
    const check = (value: unknown) => (Number(value) > (max ?? 0) ? `${max}` : null);
    return readOf({ server: "desk", tool: "review" }, max === null ? null : check);
  };
  const reading = (resources: readonly GrantedResource[], prompts: readonly GrantedTool[] = []) =>
    manifest({
      library: { resources, prompts: { allowed: prompts, observed: [], blacklisted: new Set() } },
    });

  test.each([
    [[data], [sub], [sub]],
    [[sub], [data], [sub]],
    [[data], [inSub], [inSub]],
    [[inSub], [data, outside], [inSub]],
    [[data], [outside], []],
    [[data], [{ ...data, server: "wall" }], []],
    [[{ ...data, under: "memo:/" }], [{ ...data, under: "memo://host/" }], []],
    [[], [data], []],
    [[data], [], []],
  ])("strictest: of %j and %j it is %j", (now, before, both) => {
    expect(governing(reading(now), reading(before)).library.resources).toEqual(both);
  });

  test("strictest: a prompt has to be granted by both, with arguments that fit both", () => {
    const both = governing(reading([], [prompt(3)]), reading([], [prompt(5)]));
    const [granted] = both.library.prompts.allowed;
    expect([3, 4, 6].map((value) => granted?.check?.(value))).toEqual([null, "3", "3"]);
    const older = governing(reading([], [prompt(null)]), reading([], [prompt(5)]));
    expect(older.library.prompts.allowed[0]?.check?.(6)).toBe("5");
    expect(governing(reading([], [prompt(3)]), reading([])).library.prompts.allowed).toEqual([]);
  });

  test("finish: it is as it was; apply: as now", () => {
    const [now, before] = [reading([data]), reading([outside])];
    expect(governing({ ...now, onChange: "finish" }, before).library).toBe(before.library);
    expect(governing({ ...now, onChange: "apply" }, before).library).toBe(now.library);
  });
});

test("apply: all is as now", () => {
  const now = manifest({ onChange: "apply" });
  expect(governing(now, manifest({ strict: true }))).toBe(now);
});
