/**
 * What policies have said of a call is a fact here: they were asked beforehand, of nothing that the
 * manifest refuses. All have to allow it; what waits for a person is the approval guard's.
 */
import { type Bounds, type Facts, NO_NUMBERS, type States } from "../facts.ts";
import type { ToolAllow, ToolLook } from "../tool/facts.ts";
import { DENIALS, type Denial, deny } from "../verdict.ts";
import { type PolicySaid, type PolicyVerdict, UNASKED, type Unasked } from "./said.ts";

/** A record is no place for novels. */
const RECORDED_CHARS_MAX = 1_000;

export function toolPolicy({ policy }: Pick<ToolLook, "policy">): ToolAllow | Denial {
  return answerOf(policy);
}

export function modelPolicy(
  { policy }: Facts,
  bounds: Bounds,
  states: States,
): [States, (ToolAllow & { readonly bounds: Bounds }) | Denial] {
  const answer = answerOf(policy);
  return [states, answer.kind === "deny" ? answer : { ...answer, bounds }];
}

/** The least that any of them leaves a model to answer with; null: none says anything of it. */
export function outputMaxOf(said: PolicySaid | Unasked): number | null {
  if (said === UNASKED) return null;
  const least = said.flatMap(({ outputMax }) => outputMax ?? []);
  return least.length === 0 ? null : Math.min(...least);
}

/** What a person is to approve, in the words of the policies; empty: nothing. */
export function parkedBy(said: PolicySaid | Unasked): readonly PolicyVerdict[] {
  return said === UNASKED ? [] : said.filter(({ verdict }) => verdict === "park");
}

function answerOf(said: PolicySaid | Unasked): ToolAllow | Denial {
  if (said === UNASKED) return deny("gateway.unsure", { because: "no policy was asked" });
  if (said.length === 0) return NOTHING;
  const refused = said.filter(({ verdict }) => verdict === "deny");
  const [first] = refused;
  if (first !== undefined) return denialOf(first, refused);
  const parked = parkedBy(said);
  const names = [...new Set(said.map(({ policy }) => policy))].join(", ");
  const asked = { policies: names, ...(parked.length > 0 && { parks: recorded(parked) }) };
  return { kind: "allow", numbers: asked };
}

const NOTHING: ToolAllow = { kind: "allow", numbers: NO_NUMBERS };

/** Its agent hears a name; why, only where the policy says that it may. */
function denialOf(first: PolicyVerdict, refused: readonly PolicyVerdict[]): Denial {
  const told = refused.filter(({ tell }) => tell).flatMap(({ reasons }) => reasons);
  const denial = deny("policy.denied", { policy: first.policy });
  const kept = { why: recorded(refused) };
  if (told.length === 0) return { ...denial, kept };
  const says = `${DENIALS["policy.denied"].says} ${sentences(told)}`;
  return { ...denial, kept, says };
}

function recorded(verdicts: readonly PolicyVerdict[]): string {
  const all = verdicts.map(({ about, because, policy, reasons }) => {
    const of = about === null ? "" : ` of ${about}`;
    return `${policy}${of}: ${because ?? reasons.join("; ")}`;
  });
  return all.join(". ").slice(0, RECORDED_CHARS_MAX);
}

function sentences(reasons: readonly string[]): string {
  return reasons.map((reason) => (/[.!?]$/.test(reason) ? reason : `${reason}.`)).join(" ");
}
