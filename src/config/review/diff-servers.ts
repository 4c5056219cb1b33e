/** Tool servers: where tools run, and what is vouched for them. */
import type { RawToolServer } from "../tool-schema.ts";
import { type Change, change } from "./change.ts";
import { fieldChanges, type Rules } from "./diff-fields.ts";
import type { Reading } from "./reading.ts";
import { equal } from "./schema-values.ts";

type Sides = readonly [before: Reading, after: Reading];

const RULES: Rules = {
  "tool_servers.*.tools": "elsewhere",
  "tool_servers.*.connections_max": "other",
};

export function serverChanges(sides: Sides): Change[] {
  const [before = {}, after = {}] = sides.map(({ main }) => main.data.tool_servers);
  const changes: Change[] = [];
  for (const [name, server] of Object.entries(after)) {
    const old = before[name];
    const about = { agent: null, about: `tool server ${name}` };
    if (old === undefined) {
      changes.push(change(about, "wider", "a new tool server"), ...effectChanges(name, {}, server));
      continue;
    }
    const who = { agent: null, rules: RULES, from: 2 };
    const fields = fieldChanges([sides[0].main, sides[1].main], ["tool_servers", name], who);
    changes.push(
      ...fields.map((one) => ({ ...one, ...about, says: `${one.about}: ${one.says}` })),
      ...effectChanges(name, old.tools ?? {}, server),
    );
  }
  for (const name of Object.keys(before)) {
    if (Object.hasOwn(after, name)) continue;
    const about = { agent: null, about: `tool server ${name}` };
    changes.push(change(about, "narrower", "is gone, and its tools with it"));
  }
  return changes;
}

/** A tool of which nobody says what it does is taken to write: only a `read` lets more through. */
function effectChanges(
  server: string,
  before: NonNullable<RawToolServer["tools"]>,
  { tools: after = {} }: RawToolServer,
): Change[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].flatMap((name) => {
    const [old, now] = [effectOf(before[name]), effectOf(after[name])];
    const about = { agent: null, about: `${server}__${name}` };
    const inside = unwrapsChanges(before[name]?.unwraps, after[name]?.unwraps, about);
    if (old === now) return inside;
    if (now === "read") {
      const says = "is said to only read: agents that may only read may have it";
      return [change(about, "wider", says), ...inside];
    }
    if (now === "write") {
      const says = "is said to write, or not said to only read any more";
      return [change(about, "narrower", says), ...inside];
    }
    const says = `reads or writes as the SQL at ${now.slice(1)} does, call by call`;
    const kind = old === "write" ? "wider" : old === "read" ? "narrower" : "may-be-wider";
    return [change(about, kind, says), ...inside];
  });
}

type Unwraps = NonNullable<RawToolServer["tools"]>[string]["unwraps"];

/** The tools that its arguments name are looked at, or no longer, or found elsewhere. */
function unwrapsChanges(
  before: Unwraps,
  after: Unwraps,
  about: Parameters<typeof change>[0],
): Change[] {
  if (equal(before ?? null, after ?? null)) return [];
  if (after === undefined) {
    return [change(about, "wider", "the tools that its arguments name are not looked at any more")];
  }
  const says = `its calls are also decided as those of the tools that ${after.tool} names`;
  return [change(about, before === undefined ? "narrower" : "may-be-wider", says)];
}

/** `read`, `write`, or where the SQL is that says it, behind a colon. */
function effectOf(tool: NonNullable<RawToolServer["tools"]>[string] | undefined): string {
  return tool?.sql === undefined ? (tool?.effect ?? "write") : `:${tool.sql}`;
}
