import { describe, expect, test } from "vitest";
import type { Store, TaskRef, TranscriptLine } from "../../ports/store.ts";
import { TRANSCRIPT_PRUNED_MAX } from "../../ports/transcripts.ts";
import type { OpenFixture } from "./fixture.ts";
import { ALL, fresh, type Stores, sharedStores } from "./kit.ts";

/** What tasks said. */
export function transcriptConformance(open: OpenFixture): void {
  describe("transcripts", () => {
    const stores = sharedStores(open);
    writeCases(stores);
    boundCases(stores);
    eraseCases(stores);
    pruneCases(stores);
  });
}

const AT = 1_700_000_000_000;
const ROOM = 1_000_000;
/** Every byte, for what is sealed is no text. */
const BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte);

function newTask(): TaskRef {
  return { agent: fresh("agent"), id: fresh("task") };
}

function line(changes: Partial<TranscriptLine> = {}): TranscriptLine {
  return { mark: fresh("mark"), at: AT, sealed: BYTES, ...changes };
}

function lines(count: number): TranscriptLine[] {
  return Array.from({ length: count }, () => line());
}

async function readOf(store: Store, task: TaskRef, query: { after?: number; limit?: number } = {}) {
  const read = await store.transcripts.read({ ...task, after: 0, limit: ALL, ...query });
  const placed = read.lines.map(({ position, sealed, ...rest }) => {
    // Bytes of a driver are a class of their own.
    return { position, line: { ...rest, sealed: new Uint8Array(sealed) } };
  });
  const { dropped, erasedAt } = read;
  return { state: { dropped, erasedAt }, placed, lines: placed.map((one) => one.line) };
}

function writeCases(stores: () => Stores): void {
  test("what is written is read by everybody, byte for byte, in its order", async () => {
    const { store, other } = stores();
    const task = newTask();
    const all = [line(), line({ at: AT - 5 }), line({ sealed: BYTES.slice(9) })];
    await store.transcripts.write(task, all.slice(0, 2), ROOM);
    await other.transcripts.write(task, all.slice(2), ROOM);
    await store.transcripts.write(task, [], ROOM);
    expect((await readOf(other, task)).lines).toEqual(all);
    expect((await readOf(other, task)).state).toEqual({ dropped: 0, erasedAt: null });
    expect((await readOf(store, { ...task, id: fresh("task") })).lines).toEqual([]);
    expect((await readOf(store, { ...task, agent: fresh("agent") })).lines).toEqual([]);
  });

  test("a mark is written once in a task, whoever writes it how often", async () => {
    const { store, other } = stores();
    const [task, second] = [newTask(), newTask()];
    const one = line();
    const again = { ...one, at: AT + 5, sealed: BYTES.slice(1) };
    await store.transcripts.write(task, [one, again], ROOM);
    await Promise.all([
      store.transcripts.write(task, [again], ROOM),
      other.transcripts.write(task, [again], ROOM),
    ]);
    expect((await readOf(other, task)).lines).toEqual([one]);
    await other.transcripts.write(second, [again], ROOM);
    expect((await readOf(store, second)).lines).toEqual([again]);
  });

  test("it says which marks it knows, of this task alone", async () => {
    const { store, other } = stores();
    const task = newTask();
    const [one, two] = [line(), line()];
    await store.transcripts.write(task, [one], ROOM);
    await store.transcripts.write(newTask(), [two], ROOM);
    const marks = [two.mark, one.mark, fresh("mark")];
    const known = await other.transcripts.known(task, marks);
    expect(known).toEqual({ dropped: 0, erasedAt: null, marks: [one.mark] });
    expect((await other.transcripts.known(newTask(), [])).marks).toEqual([]);
  });

  test("a reading goes on after the position at which the one before ended", async () => {
    const { store } = stores();
    const task = newTask();
    const all = lines(5);
    await store.transcripts.write(task, all, ROOM);
    const first = await readOf(store, task, { limit: 2 });
    const rest = await readOf(store, task, { after: first.placed.at(-1)?.position ?? 0 });
    expect([...first.lines, ...rest.lines]).toEqual(all);
    const last = rest.placed.at(-1)?.position ?? 0;
    expect((await readOf(store, task, { after: last })).lines).toEqual([]);
  });

  test("two that write to one task at once lose nothing", async () => {
    const { store, other } = stores();
    const task = newTask();
    const [some, more] = [lines(20), lines(20)];
    await Promise.all([
      ...some.map((one) => store.transcripts.write(task, [one], ROOM)),
      ...more.map((one) => other.transcripts.write(task, [one], ROOM)),
    ]);
    const marks = (await readOf(store, task)).lines.map(({ mark }) => mark);
    expect(marks.toSorted()).toEqual([...some, ...more].map(({ mark }) => mark).toSorted());
  });
}

function boundCases(stores: () => Stores): void {
  test("above the bound of a task its oldest lines go, and it says how many", async () => {
    const { store, other } = stores();
    const [task, untouched] = [newTask(), newTask()];
    const all = lines(5);
    await store.transcripts.write(untouched, all, ROOM);
    await store.transcripts.write(task, all.slice(0, 3), 3 * BYTES.length);
    await other.transcripts.write(task, all.slice(3, 4), 3 * BYTES.length);
    expect((await readOf(store, task)).lines).toEqual(all.slice(1, 4));
    await store.transcripts.write(task, all.slice(4), 2 * BYTES.length + 1);
    const { lines: left, state } = await readOf(other, task);
    expect(left).toEqual(all.slice(3));
    expect(state).toEqual({ dropped: 3, erasedAt: null });
    expect((await store.transcripts.known(task, [])).dropped).toBe(3);
    expect((await readOf(store, untouched)).lines).toEqual(all);
  });

  test("a line that is larger than the bound does not stay", async () => {
    const { store } = stores();
    const task = newTask();
    await store.transcripts.write(task, lines(2), BYTES.length - 1);
    expect(await readOf(store, task)).toMatchObject({ lines: [], state: { dropped: 2 } });
  });
}

function eraseCases(stores: () => Stores): void {
  test("an erased task is empty, and nothing of it is kept from then on", async () => {
    const { store, other } = stores();
    const [task, untouched] = [newTask(), newTask()];
    await store.transcripts.write(task, lines(3), ROOM);
    await store.transcripts.write(untouched, lines(1), ROOM);
    expect(await other.transcripts.erase(task, AT + 9)).toBe(3);
    await store.transcripts.write(task, lines(2), ROOM);
    expect(await store.transcripts.erase(task, AT + 10)).toBe(0);
    const { lines: left, state } = await readOf(store, task);
    expect(left).toEqual([]);
    expect(state).toEqual({ dropped: 0, erasedAt: AT + 9 });
    expect((await other.transcripts.known(task, [])).erasedAt).toBe(AT + 9);
    expect((await readOf(store, untouched)).lines).toHaveLength(1);
  });

  test("a task of which nothing was kept is erased before anything is", async () => {
    const { store, other } = stores();
    const task = newTask();
    expect(await store.transcripts.erase(task, AT)).toBe(0);
    await other.transcripts.write(task, lines(1), ROOM);
    expect((await readOf(store, task)).lines).toEqual([]);
  });
}

async function pruneAll(store: Store, before: number): Promise<void> {
  for (let rounds = 0; rounds < 10; rounds += 1) {
    if (!(await store.transcripts.prune(before))) return;
  }
  throw new Error("there is always more to forget");
}

function pruneCases(stores: () => Stores): void {
  test("more than is forgotten at a time is forgotten all the same, and counted", async () => {
    const { store, other } = stores();
    const task = newTask();
    const old = Array.from({ length: TRANSCRIPT_PRUNED_MAX + 3 }, () => line({ at: 1_000 }));
    await store.transcripts.write(task, old, 10 * ROOM);
    await store.transcripts.write(task, lines(1), 10 * ROOM);
    await pruneAll(other, 2_000);
    const { lines: left, state } = await readOf(store, task);
    expect([left.length, state.dropped]).toEqual([1, old.length]);
  });

  test("what is from before is forgotten and counted; what follows stands behind it", async () => {
    const { store, other } = stores();
    const task = newTask();
    const [old, kept] = [line({ at: 1_000 }), line({ at: 2_000 })];
    await store.transcripts.write(task, [kept, old], ROOM);
    const last = (await readOf(store, task)).placed.at(-1)?.position ?? 0;
    await pruneAll(other, 2_000);
    const { lines: left, state } = await readOf(store, task);
    expect(left).toEqual([kept]);
    expect(state).toEqual({ dropped: 1, erasedAt: null });
    const next = line();
    await store.transcripts.write(task, [next], ROOM);
    expect((await readOf(store, task, { after: last })).lines).toEqual([next]);
  });

  test("a task is forgotten, erased or not, when nothing was written to it since", async () => {
    const { store, other } = stores();
    const [gone, erased, alive] = [newTask(), newTask(), newTask()];
    await store.transcripts.write(gone, [line({ at: 1_000 })], 1);
    await store.transcripts.erase(erased, 1_000);
    await store.transcripts.erase(alive, 1_000);
    await store.transcripts.write(alive, [line({ at: 3_000 })], ROOM);
    await pruneAll(other, 2_000);
    const none = { dropped: 0, erasedAt: null };
    expect((await readOf(store, gone)).state).toEqual(none);
    expect((await readOf(store, erased)).state).toEqual(none);
    expect((await readOf(store, alive)).state).toEqual({ dropped: 0, erasedAt: 1_000 });
  });
}
