import type {
  TaskEnd,
  TaskLimits,
  TaskOpen,
  TaskOpened,
  TaskRecord,
  TaskRef,
  TaskStore,
} from "../../../ports/store.ts";
import { conditions } from "./conditions.ts";
import type { Lane } from "./connections.ts";
import { optionalNumber } from "./values.ts";

interface TaskRow {
  readonly agent: string;
  readonly id: string;
  readonly parent: string | null;
  readonly depth: number;
  readonly bundle: string;
  readonly opened_at: bigint;
  readonly last_seen_at: bigint;
  readonly ended_at: bigint | null;
  readonly outcome: TaskEnd | null;
}

type OpenRow =
  | (TaskRow & { readonly refusal: null; readonly made: boolean })
  | { readonly refusal: "no-parent" | keyof TaskLimits };

/** Tasks, counted in the transaction that makes them. */
export function tasks(lane: Lane): TaskStore {
  return {
    open: (task) => open(lane, task),
    async end(agent, id, outcome, at) {
      const values = [agent, id, outcome, at];
      const text = "SELECT end_task($1, $2, $3, $4) AS done";
      const [row] = await lane.ask<{ done: boolean }>({ name: "end_task", text, values });
      return row?.done === true;
    },
    async touch(seen) {
      const values = [seen.map((s) => s.agent), seen.map((s) => s.id), seen.map((s) => s.at)];
      await lane.ask({ name: "touch_tasks", text: "SELECT touch_tasks($1, $2, $3)", values });
    },
    async endIdle(agent, before, at, limit) {
      const values = [agent, before, at, limit];
      const text = "SELECT end_idle_tasks($1, $2, $3, $4) AS id";
      return (await lane.ask<{ id: string }>({ text, values })).map((row) => row.id);
    },
    async find(agent, id) {
      const text = "SELECT * FROM task WHERE agent = $1 AND id = $2";
      const [row] = await lane.ask<TaskRow>({ name: "find_task", text, values: [agent, id] });
      return row ? taskRecord(row) : null;
    },
    async ended(some) {
      const text = `SELECT t.agent, t.id FROM unnest($1::text[], $2::text[]) AS u(a, i)
        JOIN task t ON t.agent = u.a AND t.id = u.i WHERE t.ended_at IS NOT NULL`;
      const values = [some.map(({ agent }) => agent), some.map(({ id }) => id)];
      return lane.ask<TaskRef>({ name: "ended_tasks", text, values });
    },
    async list(filter) {
      const where = conditions()
        .given("agent = ", filter.agent)
        .when(filter.alive === true, "ended_at IS NULL")
        .when(filter.alive === false, "ended_at IS NOT NULL");
      const statement = where.select("task", "ORDER BY no DESC", filter.limit);
      return (await lane.ask<TaskRow>(statement)).map(taskRecord);
    },
  };
}

async function open(lane: Lane, task: TaskOpen): Promise<TaskOpened> {
  const { limits } = task;
  const [row] = await lane.ask<OpenRow>({
    name: "open_task",
    text: "SELECT * FROM open_task($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    values: [
      task.agent,
      task.id,
      task.parent,
      task.at,
      task.unnamed,
      limits.newPerHour,
      limits.aliveMax,
      limits.depthMax,
      limits.childrenMax,
      task.bundle,
    ],
  });
  if (!row) throw new Error("open_task answers exactly one row");
  if (row.refusal === null) return { kind: "ok", task: taskRecord(row), made: row.made };
  if (row.refusal === "no-parent") return { kind: "no-parent" };
  return { kind: "too-many", limit: row.refusal, max: limits[row.refusal] };
}

function taskRecord(row: TaskRow): TaskRecord {
  return {
    id: row.id,
    agent: row.agent,
    parent: row.parent,
    depth: row.depth,
    bundle: row.bundle,
    openedAt: Number(row.opened_at),
    lastSeenAt: Number(row.last_seen_at),
    endedAt: optionalNumber(row.ended_at),
    outcome: row.outcome,
  };
}
