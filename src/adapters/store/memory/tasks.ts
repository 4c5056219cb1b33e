import type { Millis } from "../../../guards/money.ts";
import { UNNAMED_MS } from "../../../guards/task/unnamed.ts";
import type {
  TaskEnd,
  TaskLimits,
  TaskOpen,
  TaskOpened,
  TaskRecord,
  TaskStore,
} from "../../../ports/store.ts";
import type { MemoryData, Task } from "./data.ts";

const HOUR_MS = 3_600_000;

/** Tasks on data in memory. */
export function memoryTasks(data: MemoryData): TaskStore {
  const ofAgent = (agent: string): Map<string, Task> => data.tasks.get(agent) ?? new Map();
  return {
    open: async (task) => {
      const tasks = ofAgent(task.agent);
      data.tasks.set(task.agent, tasks);
      return openTask(tasks, task);
    },
    end: async (agent, id, outcome, at) => {
      const tasks = ofAgent(agent);
      const task = tasks.get(id);
      if (!task || task.record.endedAt !== null) return false;
      endWithDescendants(tasks, id, { outcome, at });
      return true;
    },
    ended: async (tasks) =>
      tasks.filter(({ agent, id }) => (ofAgent(agent).get(id)?.record.endedAt ?? null) !== null),
    touch: async (seen) => {
      for (const { agent, id, at } of seen) {
        const task = ofAgent(agent).get(id);
        if (!task || task.record.lastSeenAt >= at) continue;
        task.record = { ...task.record, lastSeenAt: at };
      }
    },
    endIdle: async (agent, before, at, limit) => {
      const idle = [...ofAgent(agent).values()]
        .filter(({ record }) => record.endedAt === null && record.lastSeenAt < before)
        .filter(({ record, unnamed }) => !unnamed || record.openedAt <= at - UNNAMED_MS)
        .sort((one, two) => one.record.lastSeenAt - two.record.lastSeenAt)
        .slice(0, limit);
      for (const task of idle) task.record = { ...task.record, endedAt: at, outcome: "unknown" };
      return idle.map((task) => task.record.id);
    },
    find: async (agent, id) => ofAgent(agent).get(id)?.record ?? null,
    list: async ({ agent, alive, limit }) => {
      const from = agent === undefined ? [...data.tasks.values()] : [ofAgent(agent)];
      return from
        .flatMap((tasks) => [...tasks.values()].map((task) => task.record))
        .filter((record) => alive === undefined || alive === (record.endedAt === null))
        .sort((one, two) => two.openedAt - one.openedAt)
        .slice(0, limit);
    },
  };
}

function openTask(tasks: Map<string, Task>, asked: TaskOpen): TaskOpened {
  const known = tasks.get(asked.id);
  if (known) return { kind: "ok", task: known.record, made: false };
  const parent = asked.parent === null ? null : tasks.get(asked.parent)?.record;
  if (parent === undefined || (parent && parent.endedAt !== null)) return { kind: "no-parent" };
  const depth = parent ? parent.depth + 1 : 0;
  const limit = passed([...tasks.values()], asked, depth);
  if (limit) return { kind: "too-many", limit, max: asked.limits[limit] };
  const record: TaskRecord = {
    id: asked.id,
    agent: asked.agent,
    parent: asked.parent,
    depth,
    bundle: asked.bundle,
    openedAt: asked.at,
    lastSeenAt: asked.at,
    endedAt: null,
    outcome: null,
  };
  tasks.set(asked.id, { record, unnamed: asked.unnamed });
  return { kind: "ok", task: record, made: true };
}

/** The first limit that one more task would pass. */
function passed(tasks: readonly Task[], asked: TaskOpen, depth: number): keyof TaskLimits | null {
  const { limits, at, parent, unnamed } = asked;
  const alive = tasks.filter(({ record }) => record.endedAt === null);
  const children = alive.filter(({ record }) => parent !== null && record.parent === parent);
  const recent = tasks.filter((task) => !task.unnamed && task.record.openedAt > at - HOUR_MS);
  if (depth > limits.depthMax) return "depthMax";
  if (parent !== null && children.length >= limits.childrenMax) return "childrenMax";
  if (!unnamed && recent.length >= limits.newPerHour) return "newPerHour";
  return alive.length >= limits.aliveMax ? "aliveMax" : null;
}

function endWithDescendants(
  tasks: ReadonlyMap<string, Task>,
  root: string,
  { outcome, at }: { readonly outcome: TaskEnd; readonly at: Millis },
): void {
  const ending = [root];
  for (const id of ending) {
    const task = tasks.get(id);
    if (task?.record.endedAt === null) task.record = { ...task.record, endedAt: at, outcome };
    for (const { record } of tasks.values()) if (record.parent === id) ending.push(record.id);
  }
}
