/**
 * A tool that may only read is refused if it writes. What it does is said by its owner, or, of a
 * tool that takes SQL, by the SQL of each call; what nobody has said is a write.
 */
import { deny } from "../verdict.ts";
import type { ToolGuard } from "./facts.ts";
import { readPointer } from "./pointer.ts";
import type { Effect, GrantedTool, ToolAsk } from "./tool.ts";

export const effect: ToolGuard = ({ ask, manifest, resolved }) => {
  // The grant has been asked before and refused these.
  if (typeof resolved === "string") return deny("gateway.unsure", { because: "no granted tool" });
  const { effect: does, readOnly, sql, tool } = resolved;
  if (sql !== null) {
    const writes = sqlWrites(sql, ask);
    if (writes === null) return { kind: "allow", numbers: { effect: "read" } };
    if (readOnly) {
      return deny("manifest.read-only", { tool, agent: manifest.agent, because: writes });
    }
    return { kind: "allow", numbers: { effect: "write", because: writes } };
  }
  if (readOnly && does !== "read") {
    return deny("manifest.read-only", { tool, agent: manifest.agent });
  }
  return { kind: "allow", numbers: { effect: does } };
};

/** What a call of a tool does. */
export function effectOf({ effect: does, sql }: GrantedTool, ask: ToolAsk): Effect {
  if (sql === null) return does;
  return sqlWrites(sql, ask) === null ? "read" : "write";
}

/** What in a call's SQL writes, in words; null: nothing. */
function sqlWrites(sql: NonNullable<GrantedTool["sql"]>, ask: ToolAsk): string | null {
  const text = readPointer({ arguments: ask.arguments }, sql.pointer);
  return typeof text === "string" ? sql.read(text).writes : `no SQL at ${sql.pointer}`;
}
