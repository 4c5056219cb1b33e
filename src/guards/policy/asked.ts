/**
 * Policies that agents ask themselves, as they would ask an OPA: which they may, and what of
 * several answers they are told.
 */
import type { Resource } from "../tool/resource.ts";
import { type Denial, deny } from "../verdict.ts";
import type { PolicyAnswer } from "./answer.ts";
import type { Binding, PolicyRules } from "./rules.ts";
import { type AskedVerdict, verdictOf } from "./said.ts";

export interface Asked {
  readonly rules: PolicyRules;
  readonly binding: Binding;
}

export interface AskedSaid {
  readonly verdict: AskedVerdict;
  /** In the policy's words, or why it has none: for the records alone. */
  readonly because: string | null;
}

/** A record is no place for novels. */
const RECORDED_CHARS_MAX = 1_000;

/** What of one set of rules is exposed at a path; at least one. */
export interface Exposed {
  readonly rules: PolicyRules;
  readonly bindings: readonly [Binding, ...Binding[]];
}

/** Of each of the rules what may be asked at exactly this path; empty: nothing. */
export function exposedAt(
  path: readonly string[],
  policies: readonly PolicyRules[],
): readonly Exposed[] {
  return policies.flatMap((rules) => {
    const [first, ...others] = rules.bindings.filter(
      (binding) => binding.expose && isAt(binding, path),
    );
    return first === undefined ? [] : [{ rules, bindings: [first, ...others] as const }];
  });
}

/** Of each of the rules the one policy that is asked. Null: the question has no resource. */
export function askedAbout(
  resource: Resource | null,
  exposed: readonly Exposed[],
): readonly Asked[] | Denial {
  const asked: Asked[] = [];
  for (const { bindings, rules } of exposed) {
    const fitting = bindings.filter((binding) => isAbout(binding, resource));
    // Those at one path differ in their names, and in what becomes of an error.
    const binding = fitting.find(({ lenient }) => !lenient) ?? fitting[0];
    if (binding === undefined) return unfitting(bindings[0], resource);
    asked.push({ rules, binding });
  }
  return asked;
}

function isAt(binding: Binding, path: readonly string[]): boolean {
  return binding.path.length === path.length && binding.path.every((part, no) => part === path[no]);
}

function isAbout({ resourceType }: Binding, resource: Resource | null): boolean {
  return resourceType === null || resourceType === resource?.type;
}

function unfitting({ resourceType }: Binding, resource: Resource | null): Denial {
  const because = resource === null ? "none is there" : "it is of another type";
  const expected = `a resource of type ${resourceType}`;
  return deny("resource.underivable", { at: "/input/resource", because, expected });
}

export function saidOf(answer: PolicyAnswer, binding: Binding): AskedSaid {
  switch (answer.kind) {
    case "failed":
      return { verdict: "failed", because: recorded(`${answer.code}: ${answer.because}`) };
    case "undefined":
      return { verdict: "undefined", because: null };
    case "value": {
      const { because, reasons, verdict } = verdictOf(answer, binding, null);
      const why = because ?? reasons.join("; ");
      return { verdict, because: why === "" ? null : recorded(why) };
    }
  }
}

/** Undefined allows nothing either. */
const SEVERITY: Readonly<Record<AskedVerdict, number>> = {
  allow: 0,
  park: 1,
  deny: 2,
  undefined: 2,
  none: 2,
  failed: 3,
};

/**
 * Of the answers of several rules the worst; of equally bad ones the first, which is that of the
 * newest rules. Null: there is none.
 */
export function worstOf<One extends { readonly said: AskedSaid }>(
  answers: readonly One[],
): One | null {
  const worse = (one: One | null, other: One) =>
    one === null || severity(other) > severity(one) ? other : one;
  return answers.reduce<One | null>(worse, null);
}

function severity({ said }: { readonly said: AskedSaid }): number {
  return SEVERITY[said.verdict];
}

function recorded(text: string): string {
  return text.slice(0, RECORDED_CHARS_MAX);
}
