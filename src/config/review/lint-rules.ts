/** What `manifest lint` looks for: each rule with its level and the reason for it. */

import type { Path } from "../source.ts";

export type Level = "error" | "warning" | "note";

export interface LintRule {
  readonly level: Level;
  /** What the rule finds. */
  readonly finds: string;
  readonly why: string;
}

export const LINT_RULES = {
  "folder.invalid": {
    level: "error",
    finds: "What `slipclutch check` refuses.",
    why: "No gateway loads such a folder.",
  },
  "folder.warning": {
    level: "warning",
    finds: "What `slipclutch check` warns of.",
    why: "It is enforced as far as it goes, and may not be what was meant.",
  },
  "tool.not-offered": {
    level: "error",
    finds: "A granted tool that its server does not offer now.",
    why: "A name that matches nothing is a mistake, or a grant that waits for whoever offers it.",
  },
  "tool.undeclared": {
    level: "warning",
    finds: "A granted tool that is not among those that its server is said to have.",
    why: "Its effect is taken to be a write, and its name may be misspelt.",
  },
  "tool.changed": {
    level: "error",
    finds: "A pinned tool that its server describes in another way now.",
    why: "Its calls are refused until somebody has looked at what changed.",
  },
  "server.unreachable": {
    level: "error",
    finds: "A tool server that did not say what it offers.",
    why: "Nothing is known of its tools, and calls of pinned ones are refused.",
  },
  "tool.blacklisted": {
    level: "warning",
    finds: "A tool that is granted and blacklisted.",
    why: "The blacklist wins, so the grant does nothing.",
  },
  "blacklist.unmatched": {
    level: "warning",
    finds: "An entry of the blacklist that is no tool, and nearly the name of one.",
    why: "A misspelt entry holds nothing off.",
  },
  "rate-limit.never-binds": {
    level: "warning",
    finds: "A rate limit that a budget always stops before.",
    why: "It looks like a guard and is none.",
  },
  "tool.any-arguments": {
    level: "warning",
    finds: "A tool that may write, without `arguments`.",
    why: "Names alone stop little: whatever the model fills in is sent.",
  },
  "tool.powerful": {
    level: "warning",
    finds: "A tool whose arguments name another tool, command, query or address, left free.",
    why: "Granting it grants all that can be named inside it.",
  },
  "arguments.unbounded-text": {
    level: "warning",
    finds:
      "A text among the arguments without maxLength, enum, const, pattern or a checked format.",
    why: "Anything fits into it: instructions, secrets, megabytes.",
  },
  "arguments.open": {
    level: "warning",
    finds: "A part of the arguments that takes anything.",
    why: "What is not named there is not looked at, and is sent all the same.",
  },
  "resource.any": {
    level: "warning",
    finds: "A grant of everything below the root of a scheme or a host.",
    why: "Whatever the server comes to have there may be read, also what nobody thought of.",
  },
  "tool.no-limit": {
    level: "note",
    finds: "A tool that sounds as if each call cost money, without `rate_limit` and `cost`.",
    why: "Nothing stops a loop before the bill does.",
  },
  "agent.uncapped": {
    level: "warning",
    finds: "An agent on which no money budget draws.",
    why: "Nothing bounds what it can cost.",
  },
  "agent.any-model": {
    level: "note",
    finds: "An agent that may use every model with a price.",
    why: "The dearest one is among them.",
  },
} as const satisfies Readonly<Record<string, LintRule>>;

export type RuleId = keyof typeof LINT_RULES;

/** One thing that was found, with its place. */
export interface Finding {
  readonly rule: RuleId;
  readonly level: Level;
  readonly file: string;
  readonly line: number | null;
  readonly path: string;
  readonly says: string;
  readonly hint: string;
}

/** Where something is and what is wrong with it. */
export interface Told {
  readonly rule: RuleId;
  readonly path: Path;
  readonly says: string;
  readonly hint: string;
}
