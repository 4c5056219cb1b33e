/** Breakers from a file of their own: one rule, a list of them, or a whole slipclutch.yaml. */
import { z } from "zod";
import type { BreakerRule } from "../guards/breaker/rules.ts";
import { breakersOf } from "./breakers.ts";
import { breaker } from "./clutch-schema.ts";
import type { Issue } from "./configuration.ts";
import { issueAt, issuesOf } from "./issues.ts";
import { parseSource, type Source } from "./source.ts";

export type RulesRead =
  | { readonly kind: "ok"; readonly rules: readonly BreakerRule[] }
  | { readonly kind: "invalid"; readonly issues: readonly Issue[] };

/** Only those that the file names; one that changes a default is that, changed. */
export function readRules(file: string, text: string): RulesRead {
  const { issues: syntax, source } = parseSource(file, text);
  if (syntax.length > 0) return { kind: "invalid", issues: syntax };
  const listed: Source = { ...source, raw: { breakers: entriesIn(source.raw) } };
  const read = z.object({ breakers: z.array(breaker).min(1) }).safeParse(listed.raw);
  if (!read.success) return { kind: "invalid", issues: issuesOf(listed, read.error.issues) };
  const { breakers, issues } = breakersOf(read.data.breakers, listed);
  if (issues.length > 0) return { kind: "invalid", issues };
  const named = new Set(read.data.breakers.map(({ name }) => name));
  const rules = breakers.filter(({ name }) => named.has(name));
  if (rules.length > 0) return { kind: "ok", rules };
  const hint = "Leave out enabled: false, or name another file.";
  return { kind: "invalid", issues: [issueAt(listed, ["breakers"], "a rule that is on", hint)] };
}

function entriesIn(raw: unknown): unknown {
  if (Array.isArray(raw)) return raw;
  return typeof raw === "object" && raw !== null && "breakers" in raw ? raw.breakers : [raw];
}
