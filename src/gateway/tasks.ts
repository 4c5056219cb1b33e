/**
 * The tasks of the agents: named, opened or shared by a key for a day; found here or in the store.
 */
import type { Manifest } from "../guards/manifest/manifest.ts";
import type { Millis } from "../guards/money.ts";
import { type Denial, deny } from "../guards/verdict.ts";
import type { Clock } from "../ports/clock.ts";
import type { TaskEnd, TaskOpen, TaskRecord, TaskRef, TaskStore } from "../ports/store.ts";

/** Another process may have ended a task: what is known of it is asked again after so long. */
const KNOWN_FOR_MS = 5_000;
/** Tasks remembered at once; the longest unused are forgotten and found in the store again. */
const REMEMBERED_MAX = 100_000;
const ENDED_AT_ONCE_MAX = 1_000;
/** The deepest nesting that a manifest can allow. */
const DEPTH_MAX = 64;

interface Known {
  readonly task: TaskRecord;
  readonly checkedAt: Millis;
  seenAt: Millis;
  touched: boolean;
}

export interface TaskName {
  readonly id: string;
  readonly how: "named" | "unnamed";
}

/** One task and those it was opened under, nearest first: all their budgets are drawn on. */
export type Lineage = readonly [TaskRecord, ...TaskRecord[]];

export class Tasks {
  readonly #store: TaskStore;
  readonly #clock: Clock;
  readonly #onOpened: (task: TaskRecord, how: "named" | "opened" | "unnamed") => void;
  /** What those that are opened now begin with. */
  readonly #bundle: () => string;
  readonly #known = new Map<string, Known>();

  constructor(
    store: TaskStore,
    clock: Clock,
    onOpened: (task: TaskRecord, how: "named" | "opened" | "unnamed") => void,
    bundle: () => string,
  ) {
    this.#bundle = bundle;
    this.#store = store;
    this.#clock = clock;
    this.#onOpened = onOpened;
  }

  /**
   * The task that a call names, made if the agent may; with its ancestors. At once where it has
   * none and is known here, as most are.
   */
  lineage(manifest: Manifest, name: TaskName): Lineage | Promise<Lineage | Denial> {
    const own = this.#fresh(manifest.agent, name.id);
    return own !== null && own.parent === null ? [own] : this.#lookUp(manifest, name, own);
  }

  async #lookUp(
    manifest: Manifest,
    name: TaskName,
    known: TaskRecord | null,
  ): Promise<Lineage | Denial> {
    const own = known ?? (await this.#openNamed(manifest, name));
    if ("kind" in own) return own;
    const chain: TaskRecord[] = [];
    let parent = own.parent;
    // To the last one, whatever the manifest says by now: each has budgets of its own to draw on.
    while (parent !== null && chain.length < DEPTH_MAX) {
      const found = await this.find(manifest.agent, parent);
      if (found === null) throw new Error(`the store lost task ${parent}, which has children`);
      chain.push(found);
      parent = found.parent;
    }
    return [own, ...chain];
  }

  /** A task opened on purpose; its name must be new. */
  async open(manifest: Manifest, id: string, parent: string | null): Promise<TaskRecord | Denial> {
    return this.#open(manifest, { id, parent, how: "opened" });
  }

  /** Null: it has to be looked for. */
  known(agent: string, id: string): TaskRecord | null {
    return this.#fresh(agent, id);
  }

  async find(agent: string, id: string): Promise<TaskRecord | null> {
    const known = this.#fresh(agent, id);
    if (known !== null) return known;
    const found = await this.#store.find(agent, id);
    if (found !== null) this.#remember(found);
    return found;
  }

  async end(agent: string, id: string, outcome: TaskEnd): Promise<boolean> {
    const ended = await this.#store.end(agent, id, outcome, this.#clock.wall());
    for (const [key, { task }] of this.#known) if (task.agent === agent) this.#known.delete(key);
    return ended;
  }

  /** Tells the store which tasks were seen since it was last told; what it did not take, again. */
  async touch(): Promise<void> {
    const seen = [...this.#known.values()].filter(({ touched }) => touched);
    if (seen.length === 0) return;
    for (const known of seen) known.touched = false;
    try {
      await this.#store.touch(
        seen.map(({ seenAt: at, task: { agent, id } }) => ({ agent, id, at })),
      );
    } catch (error) {
      for (const known of seen) known.touched = true;
      throw error;
    }
  }

  /** Ends what no call has named for longer than the agent's `task_idle`. */
  async endIdle(manifest: Manifest): Promise<readonly string[]> {
    const now = this.#clock.wall();
    const { agent, tasks } = manifest;
    const ended = await this.#store.endIdle(agent, now - tasks.idleMs, now, ENDED_AT_ONCE_MAX);
    for (const id of ended) this.#known.delete(taskKey(agent, id));
    return ended;
  }

  #fresh(agent: string, id: string): TaskRecord | null {
    const known = this.#known.get(taskKey(agent, id));
    if (known === undefined) return null;
    const now = this.#clock.monotonic();
    if (now - known.checkedAt > KNOWN_FOR_MS) return null;
    known.seenAt = this.#clock.wall();
    known.touched = true;
    return known.task;
  }

  async #openNamed(manifest: Manifest, name: TaskName): Promise<TaskRecord | Denial> {
    return this.#open(manifest, { id: name.id, parent: null, how: name.how });
  }

  async #open(
    manifest: Manifest,
    ask: { id: string; parent: string | null; how: "named" | "opened" | "unnamed" },
  ): Promise<TaskRecord | Denial> {
    const { id, parent, how } = ask;
    const { newPerHour, aliveMax, depthMax, childrenMax } = manifest.tasks;
    const request: TaskOpen = {
      id,
      agent: manifest.agent,
      parent,
      at: this.#clock.wall(),
      bundle: this.#bundle(),
      unnamed: how === "unnamed",
      limits: { newPerHour, aliveMax, depthMax, childrenMax },
    };
    const answer = await this.#store.open(request);
    if (answer.kind === "too-many") {
      return deny("task.too-many", { limit: LIMIT_NAMES[answer.limit], max: answer.max });
    }
    if (answer.kind === "no-parent") {
      return deny("task.ended", { parent: parent ?? "", because: "no such task, or it has ended" });
    }
    if (answer.made) this.#onOpened(answer.task, how);
    if (how === "opened" && !answer.made) {
      return deny("request.malformed", { at: "name", got: id, expected: "a name not used before" });
    }
    this.#remember(answer.task);
    return answer.task;
  }

  #remember(task: TaskRecord): void {
    if (this.#known.size >= REMEMBERED_MAX) {
      const [oldest] = this.#known.keys();
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    const key = taskKey(task.agent, task.id);
    this.#known.delete(key);
    this.#known.set(key, {
      task,
      checkedAt: this.#clock.monotonic(),
      seenAt: this.#clock.wall(),
      touched: true,
    });
  }
}

/** The limits as the manifest spells them. */
const LIMIT_NAMES = {
  newPerHour: "new_tasks_per_hour",
  aliveMax: "max_active_tasks",
  depthMax: "max_depth",
  childrenMax: "max_children",
} as const;

/** Names a task among all agents; also the scope of its budgets. */
export function taskKey(agent: string, id: string): string {
  return `${agent}/${id}`;
}

/** The task that `taskKey` named: an agent's name has no slash, a task's may have. */
export function taskOf(key: string): TaskRef {
  const slash = key.indexOf("/");
  return { agent: key.slice(0, slash), id: key.slice(slash + 1) };
}
