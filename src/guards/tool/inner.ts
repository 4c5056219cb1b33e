/**
 * Tools whose arguments name another tool: a call of `call_tool` is decided as that tool's call
 * too, and both must be allowed. What stands inside is `{ server, tool }` letter by letter: the
 * gateway sends it as it is, so none of the names by which clients call a tool can stand for it.
 *
 *   call_tool { name: "echo", arguments: … } ──► echo { … } ──► … at most 4 deep
 *        └──no tool, no server or no arguments can be made out──► refused
 *
 * What has state is taken for the outer call alone: an inner tool that needs some is refused.
 */
import { isSpared } from "../manifest/observe.ts";
import { type Denial, deny } from "../verdict.ts";
import { needsApproval } from "./approval.ts";
import type { ToolGuard, Unpoliced } from "./facts.ts";
import { innerArguments } from "./inner-arguments.ts";
import { LOOKS } from "./looks.ts";
import { fullName, NAME_CHARS_MAX, resolveTool } from "./names.ts";
import { readPointer } from "./pointer.ts";
import type { GrantedTool, Resolved, Unwraps } from "./tool.ts";

/** A wrapper in a wrapper is rare, and one in itself is no call that anybody means. */
const DEPTH_MAX = 4;

export const inner: ToolGuard = (outer) => {
  const calls = callsInside(outer);
  if ("kind" in calls) return calls;
  const denials = calls.flatMap(denialsOf);
  // What an observed agent is spared must not hide what nobody is.
  const denial = denials.find((one) => !isSpared(one, outer.manifest)) ?? denials[0];
  if (denial !== undefined) {
    return { ...denial, facts: { ...denial.facts, inside: outer.ask.tool } };
  }
  if (calls.length === 0) return { kind: "allow", numbers: {} };
  const names = calls.map(({ ask }) => fullName(ask));
  return { kind: "allow", numbers: { calls: names.join(" > ") } };
};

/** The calls that stand in this one, each in the one before; a refusal where that is not clear. */
export function callsInside(outer: Unpoliced): readonly Unpoliced[] | Denial {
  const calls: Unpoliced[] = [];
  let last = outer;
  while (typeof last.resolved !== "string" && last.resolved.unwraps !== null) {
    if (calls.length === DEPTH_MAX) {
      return unclear(
        last,
        last.resolved.unwraps.tool,
        `more than ${DEPTH_MAX} calls in each other`,
      );
    }
    const next = callIn(last, last.resolved.unwraps, last.resolved.server);
    if ("kind" in next) return next;
    calls.push(next);
    last = next;
  }
  return calls;
}

function callIn(outer: Unpoliced, unwraps: Unwraps, ownServer: string): Unpoliced | Denial {
  const { ask, grants, manifest } = outer;
  const read = (pointer: string) => readPointer({ arguments: ask.arguments }, pointer);
  const tool = read(unwraps.tool);
  if (!isName(tool)) return unclear(outer, unwraps.tool, "it is not the name of a tool");
  const server = unwraps.server === null ? ownServer : read(unwraps.server);
  if (!isName(server)) {
    return unclear(outer, unwraps.server ?? "", "it is not the name of a tool server");
  }
  const given = innerArguments(read(unwraps.arguments));
  if (given === null) {
    const wrong = "it is no object, and no text of JSON that can be read in only one way";
    return unclear(outer, unwraps.arguments, wrong);
  }
  const resolved = exactly(tool, resolveTool(tool, grants, server));
  return {
    ...{ manifest, grants, resolved, offered: null },
    ask: { ...ask, server, tool, arguments: given },
  };
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= NAME_CHARS_MAX;
}

function exactly(name: string, resolved: Resolved): Resolved {
  return typeof resolved === "string" || resolved.tool === name ? resolved : "unknown";
}

function denialsOf(call: Unpoliced): readonly Denial[] {
  const { ask, resolved } = call;
  // Of a name that means no tool there is nothing else to look at.
  const looks = typeof resolved === "string" ? LOOKS.slice(0, 1) : LOOKS;
  const denials = looks.flatMap(([, rule]) => {
    const answer = rule(call);
    return answer.kind === "deny" ? [answer] : [];
  });
  const held = typeof resolved === "string" ? null : heldByItself(resolved, ask.arguments);
  if (held === null) return denials;
  const wrong = `${held} cannot be held to inside another call: it is to be called by itself`;
  return [...denials, firm(deny("manifest.arguments", { tool: ask.tool, wrong }))];
}

/** Of an observed agent too: for it money, approvals and its blacklist hold as for others. */
function firm(denial: Denial): Denial {
  return { ...denial, firm: true };
}

/** What of a grant is asked, taken or kept only where the tool itself is called. */
function heldByItself(granted: GrantedTool, given: unknown): string | null {
  const { commitment, concurrentMax, cost, ends, pin, rateLimit } = granted;
  if (needsApproval(granted, given)) return "requires_approval";
  if (rateLimit !== null) return "rate_limit";
  if (cost !== null) return "cost";
  if (commitment !== null) return "commitment";
  if (ends.length > 0) return "the end of a commitment";
  if (concurrentMax !== null) return "max_concurrent";
  return pin === null ? null : "pin";
}

function unclear({ ask }: Unpoliced, at: string, wrong: string): Denial {
  return firm(deny("manifest.arguments", { tool: ask.tool, at, wrong }));
}
