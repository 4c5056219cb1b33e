import { expect, test } from "vitest";
import { systemClock } from "../../../src/adapters/clock/system.ts";
import { embeddedEngine } from "../../../src/adapters/policy-engine/embedded/engine.ts";
import { loadModules, parseModule } from "../../../src/rego/index.ts";

const MODULES = 20;

/** A clock by which every look at it is a millisecond later. */
function slowClock() {
  let now = 0;
  return { ...systemClock, monotonic: () => (now += 1) };
}

test("while policies are loaded, others have the thread after every few rules", async () => {
  const modules = Array.from({ length: MODULES }, (_, i) => ({
    file: `module-${i}.rego`,
    text: `package m${i}\n\nallow if input.n == ${i}\n\ndeny contains "no" if input.n > ${i}\n`,
  }));
  let turns = 0;
  let isLoading = true;
  const other = () => {
    turns += 1;
    if (isLoading) setImmediate(other);
  };
  setImmediate(other);
  const queries = [{ path: ["m0", "allow"], lenient: false }];
  const loaded = await embeddedEngine(slowClock()).load(
    { revision: "r", modules, data: "{}" },
    queries,
  );
  isLoading = false;
  // Each module is parsed and named, each rule goes through five stages: two pieces a turn.
  expect(turns).toBeGreaterThan((MODULES * 2 + MODULES * 2 * 5) / 2);
  await loaded.close();
});

test("what a document needs is compiled with it, by whatever way it needs it, and nothing else", () => {
  const text = `package t
p if q.deep[input.x]
q.deep.a if f(1)
q.deep.b if every x in [1] { x == r }
q.beside := 1
f(x) if data.t.g(x) with data.t.r as mocked
g(x) := x
r := 1
mocked := count([y | some y in s])
s contains 1
unneeded if p
`;
  const { compiled } = loadModules([parseModule(text, "t.rego", "v1")]);
  const count = (path: readonly string[]) => [...compiled.compiling(path)].length;
  // p, q.deep.a, q.deep.b, f, g, r, mocked, s.
  expect(count(["t", "p"])).toBe(8);
  expect(count(["t", "s"])).toBe(1);
  expect(count(["t", "q"])).toBe(8);
  expect(count(["t"])).toBe(10);
  expect(count(["nobody", "wrote"])).toBe(0);
  expect(count([])).toBe(10);
});
