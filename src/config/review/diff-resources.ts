/** What a call is about: what policies see of it, and without which it is refused. */
import type { GrantedTool, ResourceRule } from "../../guards/tool/tool.ts";
import { type About, type Change, change } from "./change.ts";

type Attributes = Extract<ResourceRule, { kind: "attributes" }>;

export function resourceChanges(about: About, before: GrantedTool, after: GrantedTool): Change[] {
  // A manifest has at most one; tasks that run at a change may have those of two.
  const [old, now] = [before.resource[0], after.resource[0]];
  if (old === undefined && now === undefined) return [];
  if (now === undefined) {
    return [change(about, "wider", "a call need not show any more what it is about")];
  }
  if (old === undefined) {
    return [change(about, "narrower", `a call must show what it is about: ${ruleWords(now)}`)];
  }
  if (old.kind === "attributes" && now.kind === "attributes" && old.type === now.type) {
    return attributeChanges(about, old, now);
  }
  const [was, is] = [ruleWords(old), ruleWords(now)];
  if (was === is) return [];
  return [change(about, "may-be-wider", `a call is about ${is}, instead of ${was}`)];
}

function ruleWords(rule: ResourceRule): string {
  if (rule.kind === "sql-tables") return `the tables of the SQL at ${rule.pointer}`;
  const found = [...rule.pointers].map(([name, pointer]) => `${name} at ${pointer}`);
  return `a ${rule.type}, by ${found.join(" and ")}`;
}

function attributeChanges(about: About, before: Attributes, after: Attributes): Change[] {
  const names = new Set([...before.pointers.keys(), ...after.pointers.keys()]);
  return [...names].flatMap((name) => {
    const [old, now] = [before.pointers.get(name), after.pointers.get(name)];
    if (old === now) return [];
    const what = `the ${name} of the ${after.type} that it is about`;
    if (now === undefined) return [change(about, "wider", `a call need not show ${what} any more`)];
    if (old === undefined)
      return [change(about, "narrower", `a call must show ${what}, at ${now}`)];
    return [change(about, "may-be-wider", `${what} is found at ${now} instead of ${old}`)];
  });
}
