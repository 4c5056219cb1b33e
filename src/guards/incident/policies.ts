/**
 * What policies say of the calls of a case, asked beforehand. A case has each call of a tool whole,
 * but of a call of a model the name alone, and of some tools' calls not what they asked.
 */
import type { ModelCallInput, PolicyInput } from "../policy/input.ts";
import type { PolicySaid } from "../policy/said.ts";
import type { CaseCall } from "./call.ts";

const MS_PER_SECOND = 1_000;

export interface CasePolicies {
  /** A call that is not in it was not asked about, and nothing is said against it. */
  readonly said: ReadonlyMap<CaseCall, PolicySaid>;
  /** Calls of tools that no policy was asked of, for nobody knows the arguments. */
  readonly withoutArguments: number;
  /** Calls of models that a policy needs more of than the case has. */
  readonly undecided: number;
}

export const NO_POLICIES: CasePolicies = { said: new Map(), withoutArguments: 0, undecided: 0 };

/** What a case knows of the moment of a call. */
export type CaseMoment = Pick<PolicyInput, "task" | "time">;

/** `calls` in the order of time. */
export function momentsOf(calls: readonly CaseCall[]): ReadonlyMap<CaseCall, CaseMoment> {
  const tasks = new Map<string, { readonly since: number; calls: number }>();
  return new Map(
    calls.map((call) => {
      const { at, task: id, verdict } = call;
      const known = tasks.get(id) ?? { since: at, calls: 0 };
      tasks.set(id, known);
      const age_seconds = (at - known.since) / MS_PER_SECOND;
      const task = { id, parent: null, age_seconds, calls: known.calls };
      if (verdict === "allowed") known.calls += 1;
      return [call, { task, time: new Date(at).toISOString() }] as const;
    }),
  );
}

/** Of what was written down of a call of a model: everything else is missing in the document. */
export type CaseModelInput = Pick<ModelCallInput, "kind" | "model">;

/**
 * A refusal without words of its own may only mean that something is missing: it counts if the same
 * policy let another of these calls through, of which it knew as little.
 */
export function decidedOf(said: ReadonlyMap<CaseCall, PolicySaid>): {
  readonly said: ReadonlyMap<CaseCall, PolicySaid>;
  readonly undecided: number;
} {
  const all = [...said.values()].flat();
  const able = new Set(all.filter(({ verdict }) => verdict === "allow").map((one) => one.policy));
  const kept = new Map(
    [...said].map(([call, verdicts]) => [
      call,
      verdicts.filter(({ policy, reasons, verdict }) => {
        return verdict === "allow" || reasons.length > 0 || able.has(policy);
      }),
    ]),
  );
  const isCut = ([call, verdicts]: [CaseCall, PolicySaid]) =>
    verdicts.length < (said.get(call)?.length ?? 0);
  return { said: kept, undecided: [...kept].filter(isCut).length };
}
