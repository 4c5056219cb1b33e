import { describe, expect, test } from "vitest";
import { memoryStore } from "../../../src/adapters/store/memory/index.ts";
import { type TaskName, Tasks } from "../../../src/gateway/tasks.ts";
import { NO_LIBRARY } from "../../../src/guards/library/grants.ts";
import { type Manifest, NO_TOOLS } from "../../../src/guards/manifest/manifest.ts";
import { type Denial, isDenial } from "../../../src/guards/verdict.ts";
import { StoreUnreachable, type TaskRecord, type TaskStore } from "../../../src/ports/store.ts";
import { testClock } from "../../../src/testing/test-clock.ts";

const IDLE_MS = 600_000;

function manifestOf(limits: Partial<Manifest["tasks"]> = {}, agent = "a"): Manifest {
  const standard = { newPerHour: 10, aliveMax: 20, depthMax: 3, childrenMax: 5, idleMs: IDLE_MS };
  const unlimited = { callsMax: null, toolCallsMax: null, durationMaxMs: null };
  return {
    agent,
    labels: { team: null, org: null, owner: null },
    models: null,
    limits: {
      maxOutputTokens: null,
      maxInputTokens: null,
      maxN: null,
      timeoutMs: 60_000,
      minUsefulOutput: 1,
    },
    observe: null,
    observing: false,
    strict: false,
    uncapped: false,
    tellAgent: false,
    transcripts: true,
    onChange: "apply",
    digest: "d",
    refusalRounds: 1,
    tasks: { ...standard, ...unlimited, ...limits },
    tools: NO_TOOLS,
    library: NO_LIBRARY,
    policies: [],
  };
}

/** Two processes on one store, which counts what it is asked and can fail. */
function scene() {
  const clock = testClock();
  const store = memoryStore({ clock }).tasks;
  const asked: string[] = [];
  const opened: string[] = [];
  let lost = false;
  const watched = Object.fromEntries(
    Object.entries(store).map(([name, method]) => [
      name,
      async (...args: never[]) => {
        asked.push(name);
        if (lost) throw new StoreUnreachable("away");
        return (method as (...all: never[]) => unknown)(...args); // called with its own arguments
      },
    ]),
  ) as unknown as TaskStore; // the entries are those of the port, which fromEntries cannot know
  const tasksOf = () =>
    new Tasks(
      watched,
      clock,
      ({ id }, how) => {
        opened.push(`${id} ${how}`);
      },
      () => "dir:1",
    );
  return {
    clock,
    store,
    asked,
    opened,
    lose: (isLost: boolean) => {
      lost = isLost;
    },
    here: tasksOf(),
    elsewhere: tasksOf(),
  };
}

const named = (id: string): TaskName => ({ id, how: "named" });
const unnamed = (id: string): TaskName => ({ id, how: "unnamed" });

function idsOf(lineage: readonly TaskRecord[] | Denial): readonly string[] | string {
  return isDenial(lineage) ? lineage.code : lineage.map(({ id }) => id);
}

describe("a task that a call names", () => {
  test("is made by the first call and found by the others, told once", async () => {
    const { asked, elsewhere, here, opened } = scene();
    for (const tasks of [here, here, elsewhere]) {
      expect(idsOf(await tasks.lineage(manifestOf(), named("t")))).toEqual(["t"]);
    }
    expect(opened).toEqual(["t named"]);
    expect(asked).toEqual(["open", "open"]);
  });

  test("belongs to its agent alone", async () => {
    const { here, store } = scene();
    await here.lineage(manifestOf({}, "a"), named("t"));
    await here.end("a", "t", "ok");
    const others = await here.lineage(manifestOf({}, "b"), named("t"));
    expect(others).toMatchObject([{ agent: "b", id: "t", endedAt: null }]);
    expect(await store.find("a", "t")).toMatchObject({ outcome: "ok" });
  });

  test("comes with those it was opened under, nearest first", async () => {
    const { elsewhere, here } = scene();
    const manifest = manifestOf();
    await here.open(manifest, "top", null);
    await here.open(manifest, "middle", "top");
    await here.open(manifest, "low", "middle");
    for (const tasks of [here, elsewhere]) {
      expect(idsOf(await tasks.lineage(manifest, named("low")))).toEqual(["low", "middle", "top"]);
    }
  });

  test("comes with all of them, though the manifest allows less depth by now", async () => {
    const { elsewhere, here } = scene();
    const deep = manifestOf({ depthMax: 64, newPerHour: 100, aliveMax: 100 });
    let parent: string | null = null;
    for (let depth = 0; depth <= 64; depth += 1) {
      const opened: TaskRecord | Denial = await here.open(deep, `t${depth}`, parent);
      expect(opened).toMatchObject({ depth });
      parent = `t${depth}`;
    }
    const flat = manifestOf({ depthMax: 0 });
    expect(idsOf(await elsewhere.lineage(flat, named("t64")))).toHaveLength(65);
  });
});

describe("a task is refused", () => {
  test("past each limit of its agent, by the name that the manifest has for it", async () => {
    const { here } = scene();
    const limitOf = async (limits: Partial<Manifest["tasks"]>, parent: string | null = null) => {
      const answer = await here.open(manifestOf(limits), "one-more", parent);
      return isDenial(answer) ? `${answer.code} ${answer.facts.limit} ${answer.facts.max}` : "made";
    };
    await here.open(manifestOf(), "top", null);
    await here.open(manifestOf(), "child", "top");
    expect(await limitOf({ newPerHour: 2 })).toBe("task.too-many new_tasks_per_hour 2");
    expect(await limitOf({ aliveMax: 2 })).toBe("task.too-many max_active_tasks 2");
    expect(await limitOf({ depthMax: 0 }, "top")).toBe("task.too-many max_depth 0");
    expect(await limitOf({ childrenMax: 1 }, "top")).toBe("task.too-many max_children 1");
    expect(await limitOf({ newPerHour: 3, aliveMax: 3, depthMax: 1, childrenMax: 2 }, "top")).toBe(
      "made",
    );
  });

  test("not for those that were there before, nor for the shared one of a day", async () => {
    const { clock, here } = scene();
    const tight = manifestOf({ newPerHour: 1 });
    expect(idsOf(await here.lineage(tight, named("first")))).toEqual(["first"]);
    expect(idsOf(await here.lineage(tight, named("second")))).toBe("task.too-many");
    clock.advance(5_001);
    expect(idsOf(await here.lineage(tight, named("first")))).toEqual(["first"]);
    expect(idsOf(await here.lineage(tight, unnamed("unnamed:k:d")))).toEqual(["unnamed:k:d"]);
    clock.advance(3_600_000);
    expect(idsOf(await here.lineage(tight, named("second")))).toEqual(["second"]);
  });

  test("below a parent that is not there, or has ended", async () => {
    const { here } = scene();
    const manifest = manifestOf();
    await here.open(manifest, "top", null);
    await here.end("a", "top", "failed");
    for (const parent of ["top", "nobody"]) {
      expect(await here.open(manifest, "low", parent)).toMatchObject({
        code: "task.ended",
        facts: { parent },
      });
    }
  });

  test("when it is opened on purpose under a name that was used before", async () => {
    const { elsewhere, here, opened } = scene();
    await here.lineage(manifestOf(), named("t"));
    for (const tasks of [here, elsewhere]) {
      expect(await tasks.open(manifestOf(), "t", null)).toMatchObject({
        code: "request.malformed",
        facts: { at: "name", got: "t" },
      });
    }
    expect(opened).toEqual(["t named"]);
  });
});

describe("the end of a task", () => {
  test("is known here at once, with all that was opened under it", async () => {
    const { here } = scene();
    const manifest = manifestOf();
    await here.open(manifest, "top", null);
    await here.open(manifest, "low", "top");
    expect(await here.end("a", "top", "ok")).toBe(true);
    expect(await here.end("a", "top", "ok")).toBe(false);
    expect(await here.end("a", "nobody", "ok")).toBe(false);
    const lineage = await here.lineage(manifest, named("low"));
    expect(lineage).toMatchObject([{ outcome: "ok" }, { outcome: "ok" }]);
  });

  test("elsewhere is seen 5 s later at the latest", async () => {
    const { clock, elsewhere, here } = scene();
    await here.lineage(manifestOf(), named("t"));
    await elsewhere.end("a", "t", "failed");
    clock.advance(5_000);
    expect(await here.lineage(manifestOf(), named("t"))).toMatchObject([{ outcome: null }]);
    clock.advance(1);
    expect(await here.lineage(manifestOf(), named("t"))).toMatchObject([{ outcome: "failed" }]);
  });

  test("of a parent elsewhere is seen 5 s later too, however busy its children are", async () => {
    const { clock, elsewhere, here } = scene();
    await here.open(manifestOf(), "top", null);
    await here.open(manifestOf(), "low", "top");
    await here.lineage(manifestOf(), named("low"));
    await elsewhere.end("a", "top", "failed");
    for (let second = 0; second < 5; second += 1) {
      await here.lineage(manifestOf(), named("low"));
      clock.advance(1_000);
    }
    clock.advance(1);
    const lineage = await here.lineage(manifestOf(), named("low"));
    expect(lineage).toMatchObject([{ outcome: "failed" }, { outcome: "failed" }]);
  });
});

describe("an idle task", () => {
  test("ends when no call has named it for its time, and the answer names it", async () => {
    const { clock, here } = scene();
    const manifest = manifestOf();
    await here.lineage(manifest, named("quiet"));
    clock.advance(IDLE_MS);
    await here.lineage(manifest, named("busy"));
    await here.touch();
    expect(await here.endIdle(manifest)).toEqual([]);
    clock.advance(1);
    expect(await here.endIdle(manifest)).toEqual(["quiet"]);
    expect(await here.lineage(manifest, named("quiet"))).toMatchObject([{ outcome: "unknown" }]);
    expect(await here.lineage(manifest, named("busy"))).toMatchObject([{ outcome: null }]);
  });

  test("is told to the store once for each time it was seen", async () => {
    const { asked, clock, here, store } = scene();
    await here.lineage(manifestOf(), named("t"));
    clock.advance(4_000);
    await here.lineage(manifestOf(), named("t"));
    const seenAt = clock.wall();
    clock.advance(500);
    await here.touch();
    expect(await store.find("a", "t")).toMatchObject({ lastSeenAt: seenAt });
    await here.touch();
    expect(asked.filter((name) => name === "touch")).toHaveLength(1);
  });

  test("is told again when the store did not hear of it", async () => {
    const { clock, here, lose, store } = scene();
    await here.lineage(manifestOf(), named("t"));
    clock.advance(4_000);
    await here.lineage(manifestOf(), named("t"));
    const seenAt = clock.wall();
    lose(true);
    await expect(here.touch()).rejects.toThrow(StoreUnreachable);
    lose(false);
    await here.touch();
    expect(await store.find("a", "t")).toMatchObject({ lastSeenAt: seenAt });
  });
});

test("without the store, what is known holds for 5 s and nothing else does", async () => {
  const { clock, here, lose } = scene();
  await here.lineage(manifestOf(), named("t"));
  lose(true);
  clock.advance(5_000);
  expect(idsOf(await here.lineage(manifestOf(), named("t")))).toEqual(["t"]);
  await expect(here.lineage(manifestOf(), named("new"))).rejects.toThrow(StoreUnreachable);
  clock.advance(1);
  await expect(here.lineage(manifestOf(), named("t"))).rejects.toThrow(StoreUnreachable);
});
