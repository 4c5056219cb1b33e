/**
 * Fields of the input that the gateway never sends: undefined, so that a rule that reads one never
 * holds, whatever it was to let through or to keep out.
 */
import { unknownField } from "../../config/policy-input.ts";
import { type Module, type Position, type Term, visitRule } from "../../rego/index.ts";
import type { Problem } from "./problems.ts";
import { isTest } from "./test-rules.ts";

/** Policies about the records of decisions have those as their input. */
const RECORDS = ["system", "log"];

export function unknownFields({ imports, package: path, rules }: Module): readonly Problem[] {
  if (RECORDS.every((part, no) => path[no + 1] === part)) return [];
  const found: Problem[] = [];
  /** Whether it may be there. */
  const look = (fields: readonly (string | null)[], at: Position): boolean => {
    const unknown = unknownField(fields);
    if (unknown !== null) found.push(problem(unknown, at));
    return unknown === null;
  };
  const names = new Map<string, readonly string[]>([["input", []]]);
  for (const { alias, at, path: imported } of imports) {
    const [root, ...fields] = imported;
    if (root !== "input" || !look(fields, at)) continue;
    names.set(alias ?? imported.at(-1) ?? "", fields);
  }
  const term = (each: Term): void => {
    if (each.kind !== "ref" || each.head.kind !== "variable") return;
    const before = names.get(each.head.name);
    if (before !== undefined) look([...before, ...each.parts.map(nameOf)], each.at);
  };
  for (const rule of rules.filter((each) => !isTest(each))) visitRule(rule, { term });
  return found;
}

function nameOf(part: Term): string | null {
  return part.kind === "scalar" && typeof part.value === "string" ? part.value : null;
}

function problem(
  { field, hint }: NonNullable<ReturnType<typeof unknownField>>,
  { col, file, row }: Position,
): Problem {
  const message = `the gateway never sends ${field}`;
  return { level: "warning", file, row, col, code: "policy.no-such-input", message, hint };
}
