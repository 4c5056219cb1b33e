/** What evaluates policies: another engine, or another OPA, may have another answer. */
import type { PolicySettings } from "../bound-policies.ts";
import { rawAt } from "../source.ts";
import { type About, type Change, change } from "./change.ts";
import type { Reading } from "./reading.ts";

type Sides = readonly [before: Reading, after: Reading];
type Pair = readonly [before: PolicySettings, after: PolicySettings];

export function engineChanges(pair: Pair, sides: Sides): Change[] {
  return [...kindChanges(pair, sides), ...timeChanges(pair)];
}

function about(part: string): About {
  return { agent: null, about: `policy_engine.${part}` };
}

function timeChanges([{ timeoutMs: old }, { timeoutMs: now }]: Pair): Change[] {
  if (old === now) return [];
  return [change(about("timeout"), "other", `${now} ms for each call instead of ${old} ms`)];
}

function kindChanges([before, after]: Pair, sides: Sides): Change[] {
  const [old, now] = [before.engine, after.engine];
  if (old.kind !== now.kind) {
    const says = `policies are evaluated by ${now.kind} instead of ${old.kind}`;
    return [change(about("kind"), "may-be-wider", says)];
  }
  if (old.kind !== "opa" || now.kind !== "opa") return [];
  const told = (part: string, isOther: boolean, says: string) =>
    isOther ? [change(about(part), part === "token" ? "other" : "may-be-wider", says)] : [];
  const [socket, socketNow] = [old.socket ?? "none", now.socket ?? "none"];
  return [
    ...told("url", old.url !== now.url, `OPA is asked at ${now.url} instead of ${old.url}`),
    ...told("socket", socket !== socketNow, `OPA's socket is ${socketNow} instead of ${socket}`),
    ...told("token", isOtherToken(sides), "changed; it is not shown"),
  ];
}

/** As it is written: a review has no secrets. */
function isOtherToken(sides: Sides): boolean {
  const [old, now] = sides.map(({ main }) => rawAt(main.source, ["policy_engine", "token"]));
  return old !== now;
}
