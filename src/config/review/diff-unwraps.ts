/** Tools that call other tools: whether the call inside is decided too. */
import type { RawToolServer } from "../tool-schema.ts";
import { type Change, change } from "./change.ts";
import { equal } from "./schema-values.ts";

type Tools = NonNullable<RawToolServer["tools"]>;

export function unwrapsChanges(server: string, before: Tools, after: Tools): readonly Change[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].flatMap((tool) => {
    const [old, now] = [before[tool]?.unwraps, after[tool]?.unwraps];
    if (equal(old ?? null, now ?? null)) return [];
    const about = { agent: null, about: `${server}__${tool}` };
    if (now === undefined) {
      const says = "the tools that its arguments name are not looked at any more";
      return [change(about, "wider", says)];
    }
    const says = `its calls are also decided as those of the tools that ${now.tool} names`;
    return [change(about, old === undefined ? "narrower" : "may-be-wider", says)];
  });
}
