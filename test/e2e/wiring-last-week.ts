/** The same hour of a week ago as what is usual: of a gateway whose store knows that hour. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect } from "vitest";
import { OFF } from "./wiring-breakers.ts";
import type { WiringCase } from "./wiring-case.ts";
import type { Json, Settings, WiringWorld } from "./wiring-world.ts";

const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;
/** More than one look of the gateway. */
const LOOK_MS = 2_500;
/** Twice a minute then, and more than the floor now. */
const THEN = 120;
const NOW = 8;
const FLOOR = 3;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The store knows of the tool of these agents in the hours of a week ago, whichever is asked for. */
function remember(world: WiringWorld, agents: readonly string[]): void {
  const database = new DatabaseSync(join(world.gateway.dataFolder, "store.db"), { timeout: 5_000 });
  const hour = Math.floor((Date.now() - WEEK_MS) / HOUR_MS) * HOUR_MS;
  for (const agent of agents) {
    for (const start of [hour - HOUR_MS, hour, hour + HOUR_MS]) {
      database
        .prepare(
          `INSERT INTO counter_hour (hour, agent, server, tool, signal, count, beside, minutes)
             VALUES (?, ?, 'desk', 'echo', 'calls_per_tool', ?, ?, 60)`,
        )
        .run(start, agent, THEN, THEN);
    }
  }
  database.close();
}

function rule(times: number): Json {
  return {
    ...{ name: "weekly", signal: "calls_per_tool", for: "0s", at_least: FLOOR, action: "alert" },
    above: { times, of: "same_hour_last_week" },
  };
}

type Place = "slipclutch.yaml" | "agents/*.yaml";

function change(place: Place, agent: string, times: number) {
  return (settings: Settings) => {
    const ofAll = place === "slipclutch.yaml";
    settings.slipclutch.breakers = [...OFF, ...(ofAll ? [rule(times)] : [])];
    const own = ofAll ? {} : { breakers: [rule(times)] };
    settings.agents[agent] = { version: 1, agent, allowed_tools: [{ tool_name: "echo" }], ...own };
  };
}

/** What the alarm of the agent says that was usual; null: there is none. */
async function rang(world: WiringWorld, agent: string): Promise<Json | null> {
  const answer = await world.gateway.api("GET", "/api/v1/journal?kind=breaker.alarmed");
  const { entries } = (await answer.json()) as Json;
  const own = entries.find((entry: Json) => entry.agent === agent);
  return own === undefined ? null : own.event.numbers;
}

async function usualOf(world: WiringWorld, agent: string): Promise<Json> {
  const answer = await world.gateway.api("GET", `/api/v1/agents/${agent}/signals`);
  const { levels } = (await answer.json()) as Json;
  return levels.find((level: Json) => level.rule === "weekly");
}

function lastWeek(place: Place): WiringCase {
  return {
    fields: [`${place} breakers[].above.of = same_hour_last_week`],
    async run(world) {
      const [low, high] = ["low", "high"].map((name) =>
        `${name}-${Math.random()}`.slice(0, 20),
      ) as [string, string];
      // Without a rule that asks for them hours are forgotten, so that they are read again.
      expect((await world.load(world.base())).json.error).toBeUndefined();
      await pause(LOOK_MS);
      remember(world, [low, high]);
      const cases = [
        [low, 2],
        [high, 1_000],
      ] as const;
      for (const [agent, times] of cases) {
        const settings = world.base();
        change(place, agent, times)(settings);
        expect((await world.load(settings)).json.error).toBeUndefined();
        for (let n = 0; n < NOW; n += 1) await world.tool("echo", { n }, agent);
        await pause(LOOK_MS);
        const seen = await usualOf(world, agent);
        expect(seen).toMatchObject({ usual: 2, line: 2 * times, bucket_seconds: 3_600 });
        expect(seen.buckets.at(-1).value).toBe(2);
      }
      expect(await rang(world, low)).toMatchObject({ usual_per_minute: 2, line_per_minute: 4 });
      // The floor, which is the line where nothing is known, was passed as well.
      expect(await rang(world, high)).toBeNull();
    },
  };
}

export const LAST_WEEK_CASES: readonly WiringCase[] = [
  lastWeek("slipclutch.yaml"),
  lastWeek("agents/*.yaml"),
];
