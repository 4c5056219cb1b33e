import { describe, expect, test } from "vitest";
import { UNNAMED_MS } from "../../guards/task/unnamed.ts";
import type { Store, TaskLimits, TaskOpen, TaskOpened } from "../../ports/store.ts";
import type { OpenFixture } from "./fixture.ts";
import { ALL, fresh, type Stores, sharedStores } from "./kit.ts";

/** Tasks: opened within limits, seen, ended. */
export function taskConformance(open: OpenFixture): void {
  describe("tasks", () => {
    const stores = sharedStores(open);
    openCases(stores);
    limitCases(stores);
    parentCases(stores);
    endCases(stores);
    idleCases(stores);
    unnamedCases(stores);
    endedCases(stores);
    listCases(stores);
  });
}

const HOUR_MS = 3_600_000;
const NOW = 1_700_000_000_000;
const WIDE: TaskLimits = { newPerHour: 1000, aliveMax: 1000, depthMax: 100, childrenMax: 1000 };

function taskOpen(agent: string, changes: Partial<TaskOpen> = {}): TaskOpen {
  return {
    id: fresh("task"),
    agent,
    parent: null,
    at: NOW,
    bundle: "dir:began",
    unnamed: false,
    limits: WIDE,
    ...changes,
  };
}

async function mustOpen(store: Store, task: TaskOpen): Promise<string> {
  expect(await store.tasks.open(task)).toMatchObject({ kind: "ok", made: true });
  return task.id;
}

function said(answers: readonly TaskOpened[]): string[] {
  return answers.map((answer) => (answer.kind === "too-many" ? answer.limit : answer.kind)).sort();
}

function openCases(stores: () => Stores): void {
  test("a task is made once, and asking again answers it as it stands", async () => {
    const { store, other } = stores();
    const task = taskOpen(fresh("agent"));
    const record = {
      id: task.id,
      agent: task.agent,
      parent: null,
      depth: 0,
      bundle: "dir:began",
      openedAt: NOW,
      lastSeenAt: NOW,
      endedAt: null,
      outcome: null,
    };
    expect(await store.tasks.open(task)).toEqual({ kind: "ok", task: record, made: true });
    const later = { ...task, bundle: "dir:later", at: NOW + 5 };
    expect(await other.tasks.open(later)).toEqual({ kind: "ok", task: record, made: false });
    expect(await other.tasks.find(task.agent, task.id)).toEqual(record);
    await store.tasks.end(task.agent, task.id, "failed", NOW + 9);
    const ended = { ...record, endedAt: NOW + 9, outcome: "failed" };
    expect(await other.tasks.open(later)).toEqual({ kind: "ok", task: ended, made: false });
  });

  test("two agents may use one name for different tasks", async () => {
    const { store } = stores();
    const [one, two] = [taskOpen(fresh("agent")), taskOpen(fresh("agent"))];
    await mustOpen(store, one);
    await mustOpen(store, { ...two, id: one.id });
    await store.tasks.end(one.agent, one.id, "ok", NOW);
    expect(await store.tasks.find(two.agent, one.id)).toMatchObject({ endedAt: null });
    expect(await store.tasks.find(two.agent, two.id)).toBeNull();
  });
}

function limitCases(stores: () => Stores): void {
  test("tasks of any hour are limited, even when many open at once", async () => {
    const { store, other } = stores();
    const agent = fresh("agent");
    const limits = { ...WIDE, newPerHour: 7 };
    const answers = await Promise.all(
      Array.from({ length: 24 }, (_, n) =>
        (n % 2 ? store : other).tasks.open(taskOpen(agent, { limits })),
      ),
    );
    expect(said(answers)).toEqual([...Array(17).fill("newPerHour"), ...Array(7).fill("ok")].sort());
    const within = taskOpen(agent, { limits, at: NOW + HOUR_MS - 1 });
    const refused = { kind: "too-many", limit: "newPerHour", max: 7 };
    expect(await store.tasks.open(within)).toEqual(refused);
    expect(await store.tasks.find(agent, within.id)).toBeNull();
    expect(said([await store.tasks.open({ ...within, at: NOW + HOUR_MS })])).toEqual(["ok"]);
    expect(said([await store.tasks.open(taskOpen(fresh("agent"), { limits }))])).toEqual(["ok"]);
  });

  test("unnamed tasks are neither counted nor refused by the hour", async () => {
    const { store } = stores();
    const agent = fresh("agent");
    const limits = { ...WIDE, newPerHour: 1 };
    await mustOpen(store, taskOpen(agent, { limits, unnamed: true }));
    await mustOpen(store, taskOpen(agent, { limits }));
    await mustOpen(store, taskOpen(agent, { limits, unnamed: true }));
    expect(said([await store.tasks.open(taskOpen(agent, { limits }))])).toEqual(["newPerHour"]);
  });

  test("tasks alive are limited, also when many open at once; ended ones make room", async () => {
    const { store, other } = stores();
    const agent = fresh("agent");
    const limits = { ...WIDE, aliveMax: 3 };
    const tasks = Array.from({ length: 8 }, () => taskOpen(agent, { limits }));
    const answers = await Promise.all(
      tasks.map((task, n) => (n % 2 ? store : other).tasks.open(task)),
    );
    expect(said(answers)).toEqual([...Array(5).fill("aliveMax"), "ok", "ok", "ok"]);
    const made = answers.find((answer) => answer.kind === "ok");
    await store.tasks.end(agent, made?.kind === "ok" ? made.task.id : "", "ok", NOW);
    await mustOpen(store, taskOpen(agent, { limits }));
    const full = { kind: "too-many", limit: "aliveMax", max: 3 };
    expect(await store.tasks.open(taskOpen(agent, { limits }))).toEqual(full);
  });
}

function parentCases(stores: () => Stores): void {
  test("a child needs a parent of the same agent that is alive", async () => {
    const { store } = stores();
    const [agent, stranger] = [fresh("agent"), fresh("agent")];
    const parent = await mustOpen(store, taskOpen(agent));
    const foreign = await mustOpen(store, taskOpen(stranger));
    const child = await store.tasks.open(taskOpen(agent, { parent }));
    expect(child).toMatchObject({ kind: "ok", made: true, task: { parent, depth: 1 } });
    for (const missing of ["nobody", foreign]) {
      const answer = await store.tasks.open(taskOpen(agent, { parent: missing }));
      expect(answer).toEqual({ kind: "no-parent" });
    }
    await store.tasks.end(agent, parent, "ok", NOW);
    const orphan = await store.tasks.open(taskOpen(agent, { parent }));
    expect(orphan).toEqual({ kind: "no-parent" });
  });

  test("depth is limited: a task without a parent has depth 0", async () => {
    const { store } = stores();
    const agent = fresh("agent");
    const limits = { ...WIDE, depthMax: 2 };
    let parent: string | null = null;
    for (const depth of [0, 1, 2]) {
      const answer: TaskOpened = await store.tasks.open(taskOpen(agent, { limits, parent }));
      expect(answer).toMatchObject({ kind: "ok", task: { depth } });
      parent = answer.kind === "ok" ? answer.task.id : null;
    }
    const refused = { kind: "too-many", limit: "depthMax", max: 2 };
    expect(await store.tasks.open(taskOpen(agent, { limits, parent }))).toEqual(refused);
  });

  test("children alive are limited, also when many open at once; ended ones are not", async () => {
    const { store, other } = stores();
    const agent = fresh("agent");
    const limits = { ...WIDE, childrenMax: 2 };
    const parent = await mustOpen(store, taskOpen(agent));
    const children = Array.from({ length: 6 }, () => taskOpen(agent, { limits, parent }));
    const answers = await Promise.all(
      children.map((child, n) => (n % 2 ? store : other).tasks.open(child)),
    );
    expect(said(answers)).toEqual([...Array(4).fill("childrenMax"), "ok", "ok"]);
    const made = answers.find((answer) => answer.kind === "ok");
    await store.tasks.end(agent, made?.kind === "ok" ? made.task.id : "", "ok", NOW);
    await mustOpen(store, taskOpen(agent, { limits, parent }));
    await mustOpen(store, taskOpen(agent, { limits }));
    const full = { kind: "too-many", limit: "childrenMax", max: 2 };
    expect(await store.tasks.open(taskOpen(agent, { limits, parent }))).toEqual(full);
  });
}

function endCases(stores: () => Stores): void {
  test("a task ends once, and its descendants with it", async () => {
    const { store, other } = stores();
    const agent = fresh("agent");
    const root = await mustOpen(store, taskOpen(agent));
    const child = await mustOpen(store, taskOpen(agent, { parent: root }));
    const early = await mustOpen(store, taskOpen(agent, { parent: root }));
    const grandchild = await mustOpen(store, taskOpen(agent, { parent: child }));
    const late = await mustOpen(store, taskOpen(agent, { parent: early }));
    const bystander = await mustOpen(store, taskOpen(agent));
    // Another agent's tasks by the same names are no kin of these.
    const stranger = fresh("agent");
    await mustOpen(store, taskOpen(stranger, { id: root }));
    await mustOpen(store, taskOpen(stranger, { id: bystander, parent: root }));
    expect(await store.tasks.end(agent, late, "unknown", NOW + 1)).toBe(true);
    expect(await store.tasks.end(agent, root, "failed", NOW + 2)).toBe(true);
    expect(await other.tasks.end(agent, root, "ok", NOW + 3)).toBe(false);
    for (const id of [root, child, early, grandchild]) {
      const record = await other.tasks.find(agent, id);
      expect(record).toMatchObject({ endedAt: NOW + 2, outcome: "failed" });
    }
    expect(await other.tasks.find(agent, late)).toMatchObject({ endedAt: NOW + 1 });
    expect(await other.tasks.find(agent, bystander)).toMatchObject({ endedAt: null });
    expect(await store.tasks.end(agent, "nobody", "ok", NOW)).toBe(false);
  });
}

function idleCases(stores: () => Stores): void {
  test("when a task was last seen never goes back", async () => {
    const { store, other } = stores();
    const agent = fresh("agent");
    const [one, two] = [
      await mustOpen(store, taskOpen(agent)),
      await mustOpen(store, taskOpen(agent)),
    ];
    await store.tasks.touch([
      { agent, id: one, at: NOW + 50 },
      { agent, id: two, at: NOW - 50 },
      { agent, id: "nobody", at: NOW },
    ]);
    await other.tasks.touch([{ agent, id: one, at: NOW + 20 }]);
    await store.tasks.touch([]);
    expect(await store.tasks.find(agent, one)).toMatchObject({ lastSeenAt: NOW + 50 });
    expect(await store.tasks.find(agent, two)).toMatchObject({ lastSeenAt: NOW });
  });

  test("idle tasks end as unknown, so many at once, and those seen since go on", async () => {
    const { store } = stores();
    const agent = fresh("agent");
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) {
      ids.push(await mustOpen(store, taskOpen(agent, { at: NOW + n })));
    }
    const elsewhere = taskOpen(fresh("agent"));
    await mustOpen(store, elsewhere);
    await store.tasks.touch([{ agent, id: ids[0] ?? "", at: NOW + 500 }]);
    const end = () => store.tasks.endIdle(agent, NOW + 4, NOW + 900, 2);
    const ended = [await end(), await end(), await end()];
    expect(ended.map((some) => some.length)).toEqual([2, 1, 0]);
    expect(ended.flat().sort()).toEqual(ids.slice(1, 4).sort());
    const record = await store.tasks.find(agent, ids[1] ?? "");
    expect(record).toMatchObject({ endedAt: NOW + 900, outcome: "unknown" });
    const alive = await store.tasks.list({ agent, alive: true, limit: ALL });
    expect(alive.map((task) => task.id).sort()).toEqual([ids[0], ids[4]].sort());
    const other = await store.tasks.find(elsewhere.agent, elsewhere.id);
    expect(other).toMatchObject({ endedAt: null });
  });
}

function unnamedCases(stores: () => Stores): void {
  test("an unnamed task lives on for its day, however idle", async () => {
    const { store } = stores();
    const agent = fresh("agent");
    const id = await mustOpen(store, taskOpen(agent, { at: NOW, unnamed: true }));
    const later = (ms: number) => store.tasks.endIdle(agent, NOW + ms, NOW + ms, 10);
    expect(await later(UNNAMED_MS - 1)).toEqual([]);
    expect(await later(UNNAMED_MS)).toEqual([id]);
  });
}

function endedCases(stores: () => Stores): void {
  test("of many tasks those that have ended are told, descendants too, and no others", async () => {
    const { store, other } = stores();
    const [agent, elsewhere] = [fresh("agent"), fresh("agent")];
    const parent = await mustOpen(store, taskOpen(agent));
    const child = await mustOpen(store, taskOpen(agent, { parent }));
    const idle = await mustOpen(store, taskOpen(agent, { id: "i/d\u0000", at: NOW - 10 }));
    const alive = await mustOpen(store, taskOpen(agent));
    await mustOpen(store, taskOpen(elsewhere, { id: parent }));
    await store.tasks.end(agent, parent, "ok", NOW);
    expect(await store.tasks.endIdle(agent, NOW - 5, NOW, 10)).toEqual([idle]);
    const asked = [parent, child, idle, alive, "never"].map((id) => ({ agent, id }));
    const ended = await other.tasks.ended([...asked, { agent: elsewhere, id: parent }]);
    expect(new Set(ended)).toEqual(new Set(asked.slice(0, 3)));
    expect(await other.tasks.ended([])).toEqual([]);
  });
}

function listCases(stores: () => Stores): void {
  test("tasks are listed by agent and by whether they live, at most so many", async () => {
    const { store, other } = stores();
    const agent = fresh("agent");
    const ids: string[] = [];
    for (let n = 0; n < 4; n += 1) ids.push(await mustOpen(store, taskOpen(agent)));
    await store.tasks.end(agent, ids[0] ?? "", "ok", NOW);
    const list = async (filter: { alive?: boolean; limit: number }) =>
      (await other.tasks.list({ agent, ...filter })).map((task) => task.id).sort();
    expect(await list({ limit: ALL })).toEqual(ids.toSorted());
    expect(await list({ alive: true, limit: ALL })).toEqual(ids.slice(1).sort());
    expect(await list({ alive: false, limit: ALL })).toEqual(ids.slice(0, 1));
    expect(await list({ limit: 2 })).toHaveLength(2);
    const everybody = await other.tasks.list({ limit: ALL });
    expect(new Set(everybody.map((task) => task.agent)).size).toBeGreaterThan(1);
  });
}
