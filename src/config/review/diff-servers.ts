/** Tool servers: where tools run, and what is vouched for them. */
import type { RawToolServer } from "../tool-schema.ts";
import { type Change, change } from "./change.ts";
import { fieldChanges, type Rules } from "./diff-fields.ts";
import type { Reading } from "./reading.ts";

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
    if (old === now) return [];
    if (now === "read") {
      return [
        change(about, "wider", "is said to only read: agents that may only read may have it"),
      ];
    }
    if (now === "write") {
      return [change(about, "narrower", "is said to write, or not said to only read any more")];
    }
    const says = `reads or writes as the SQL at ${now.slice(1)} does, call by call`;
    const kind = old === "write" ? "wider" : old === "read" ? "narrower" : "may-be-wider";
    return [change(about, kind, says)];
  });
}

/** `read`, `write`, or where the SQL is that says it, behind a colon. */
function effectOf(tool: NonNullable<RawToolServer["tools"]>[string] | undefined): string {
  return tool?.sql === undefined ? (tool?.effect ?? "write") : `:${tool.sql}`;
}
