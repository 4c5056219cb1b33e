import { describe, expect, test } from "vitest";
import type { CallInput, InputQuery, Store } from "../../ports/store.ts";
import type { OpenFixture } from "./fixture.ts";
import { ALL, fresh, type Stores, sharedStores } from "./kit.ts";

/** What calls asked, beside the journal. */
export function inputConformance(open: OpenFixture): void {
  describe("inputs", () => {
    const stores = sharedStores(open);
    writeCases(stores);
    pruneCases(stores);
  });
}

const AT = 1_700_000_000_000;
/** Every byte, for what is sealed is no text. */
const BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte);

function input(agent: string, changes: Partial<CallInput> = {}): CallInput {
  return { decision: fresh("d"), agent, at: AT, sealed: BYTES, ...changes };
}

async function found(store: Store, agent: string, query: Partial<InputQuery> = {}) {
  const rows = await store.inputs.read({ agent, from: 0, after: 0, limit: ALL, ...query });
  return rows.map(({ position, sealed, ...row }) => ({
    position,
    // Bytes of a driver are a class of their own.
    input: { ...row, sealed: new Uint8Array(sealed) },
  }));
}

async function inputsOf(store: Store, agent: string, query: Partial<InputQuery> = {}) {
  return (await found(store, agent, query)).map((row) => row.input);
}

function writeCases(stores: () => Stores): void {
  test("what is written is read by everybody, byte for byte, in its order", async () => {
    const { store, other } = stores();
    const agent = fresh("agent");
    const all = [
      input(agent),
      input(agent, { at: AT + 1 }),
      input(agent, { sealed: BYTES.slice(9) }),
    ];
    await store.inputs.write(all.slice(0, 2));
    await other.inputs.write(all.slice(2));
    expect(await inputsOf(other, agent)).toEqual(all);
    expect(await inputsOf(store, fresh("agent"))).toEqual([]);
  });

  test("the input of a decision is written once, whoever writes it how often", async () => {
    const { store, other } = stores();
    const agent = fresh("agent");
    const one = input(agent);
    const again = { ...one, at: AT + 5, sealed: BYTES.slice(1) };
    await store.inputs.write([one, again]);
    await Promise.all([store.inputs.write([again]), other.inputs.write([again])]);
    expect(await inputsOf(other, agent)).toEqual([one]);
    await store.inputs.write([]);
  });

  test("a reading goes on after the position at which the one before ended", async () => {
    const { store } = stores();
    const agent = fresh("agent");
    const all = Array.from({ length: 5 }, (_, no) => input(agent, { at: AT + no }));
    await store.inputs.write([input(fresh("agent")), ...all]);
    const first = await found(store, agent, { limit: 2 });
    const after = first.at(-1)?.position ?? 0;
    const rest = await found(store, agent, { after });
    expect([...first, ...rest].map((row) => row.input)).toEqual(all);
    expect(await inputsOf(store, agent, { from: AT + 3 })).toEqual(all.slice(3));
    expect(await inputsOf(store, agent, { after: rest.at(-1)?.position ?? 0 })).toEqual([]);
  });
}

function pruneCases(stores: () => Stores): void {
  test("what is from before is forgotten, and what follows stands after it", async () => {
    const { store, other } = stores();
    const agent = fresh("agent");
    const [old, kept] = [input(agent, { at: 1_000 }), input(agent, { at: 2_000 })];
    await store.inputs.write([kept, old]);
    const [last] = (await found(store, agent)).slice(-1);
    await other.inputs.prune(2_000);
    expect(await inputsOf(store, agent)).toEqual([kept]);
    await other.inputs.prune(2_001);
    const next = input(agent);
    await store.inputs.write([next]);
    const rows = await found(store, agent, { after: last?.position ?? 0 });
    expect(rows.map((row) => row.input)).toEqual([next]);
  });
}
