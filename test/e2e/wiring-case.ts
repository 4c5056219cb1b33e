/** One case: a field, something that can be seen from outside, and how it changes with the field. */
import { expect } from "vitest";
import type { Settings, WiringWorld } from "./wiring-world.ts";

export interface WiringCase {
  /** As `fieldsOfTheFolder` names them. */
  readonly fields: readonly string[];
  run(world: WiringWorld): Promise<void>;
}

type Change = (settings: Settings) => void;

export interface Difference<Seen> {
  /** Holds before and after. */
  readonly base?: Change;
  /** Gives the field its value. */
  readonly set: Change;
  readonly see: (world: WiringWorld) => Promise<Seen>;
  readonly expect: (before: Seen, after: Seen) => void;
}

/** Loads the folder without the field and with it, and looks at the same thing both times. */
export function differs<Seen>(
  fields: string | readonly string[],
  by: Difference<Seen>,
): WiringCase {
  return {
    fields: typeof fields === "string" ? [fields] : fields,
    async run(world) {
      const seen: Seen[] = [];
      for (const change of [() => {}, by.set]) {
        const settings = world.base();
        by.base?.(settings);
        change(settings);
        const { json, status } = await world.load(settings);
        expect([status, json.error]).toEqual([200, undefined]);
        seen.push(await by.see(world));
      }
      const [before, after] = seen;
      by.expect(before as Seen, after as Seen);
    },
  };
}

/** What is seen is first this and then that. */
export function fromTo<Seen>(before: Seen, after: Seen): Difference<Seen>["expect"] {
  return (seenBefore, seenAfter) => {
    expect([seenBefore, seenAfter]).toEqual([before, after]);
  };
}

/** What is seen grows by this much. */
export function growsBy(much: number): Difference<number>["expect"] {
  return (before, after) => {
    expect(after - before).toBe(much);
  };
}

/** The folder is valid without this change and refused with it, and the issue names the place. */
export function isRefused(field: string, set: Change, place: string): WiringCase {
  return {
    fields: [field],
    async run(world) {
      expect((await world.load(world.base())).status).toBe(200);
      const settings = world.base();
      set(settings);
      const { json, status } = await world.load(settings);
      expect(status).not.toBe(200);
      expect(json.error.issues.map(({ path }: { path: string }) => path)).toContain(place);
    },
  };
}
