/**
 * Asks the policies of a folder as a gateway would, for commands that have none: of one call, and
 * of the calls of a case. There are no budgets and no metrics to tell them of.
 */
import { systemClock } from "../adapters/clock/system.ts";
import type { PolicyEngines } from "../config/policy-rules.ts";
import { labelsInput } from "../gateway/policies/circumstances.ts";
import { type Asking, askAll, isBound } from "../gateway/policies/evaluate.ts";
import { type Question, toolQuestions } from "../gateway/policies/questions.ts";
import { isToolGranted } from "../guards/decide.ts";
import { isModelOf, lookOf } from "../guards/incident/ask.ts";
import type { CaseCall, CaseModel } from "../guards/incident/call.ts";
import type { Case } from "../guards/incident/case.ts";
import {
  type CaseModelInput,
  type CaseMoment,
  type CasePolicies,
  decidedOf,
  momentsOf,
  NO_POLICIES,
} from "../guards/incident/policies.ts";
import type { Manifest } from "../guards/manifest/manifest.ts";
import type { Millis } from "../guards/money.ts";
import type { ModelCallInput } from "../guards/policy/input.ts";
import type { PolicyRules } from "../guards/policy/rules.ts";
import { type PolicySaid, UNASKED, type Unasked } from "../guards/policy/said.ts";
import type { Unpoliced } from "../guards/tool/facts.ts";
import { policyEngines } from "./policy-engines.ts";

/** What compiles with its first question, or is far away, is no slower in a gateway for that. */
const REVIEW_MS: Millis = 5_000;

/** Those that answer: an OPA is asked, and has to run. */
export function answeringEngines(): PolicyEngines {
  return policyEngines(systemClock);
}

/** Of a call in a task that has just begun. Never rejects. */
export function policiesOnCall(look: Unpoliced, manifest: Manifest): Promise<PolicySaid | Unasked> {
  const now = systemClock.wall();
  const task = { id: "explain", parent: null, age_seconds: 0, calls: 0 };
  const moment = { task, time: new Date(now).toISOString() };
  return askOfTool(look, patient(manifest.policies), askingAt(moment, manifest, now));
}

export type CasePoliciesRead =
  | { readonly kind: "ok"; readonly policies: CasePolicies }
  /** Its engine could not be asked, which says nothing about any call. */
  | { readonly kind: "unreachable"; readonly because: string };

/** Of all calls of a case, one after the other, up to the first that nobody answers. */
export async function policiesOfCase(one: Case, manifest: Manifest): Promise<CasePoliciesRead> {
  const onTools = isBound(manifest.policies, "tool");
  const onModels = isBound(manifest.policies, "model");
  if (!onTools && !onModels) return { kind: "ok", policies: NO_POLICIES };
  const policies = patient(manifest.policies);
  const failures: string[] = [];
  const answered: Asking["answered"] = ({ answer }) => {
    if (answer.kind === "failed" && answer.code === "unreachable") failures.push(answer.because);
  };
  const [tools, models] = [new Map<CaseCall, PolicySaid>(), new Map<CaseCall, PolicySaid>()];
  let withoutArguments = 0;
  for (const [call, moment] of momentsOf(one.calls)) {
    const asking = { ...askingAt(moment, manifest, call.at), answered };
    const { what } = call;
    if (what.kind === "model") {
      if (onModels && isModelOf(what, manifest)) {
        models.set(call, await askOfModel(what, policies, asking));
      }
    } else if (onTools && what.arguments === null) {
      withoutArguments += 1;
    } else if (onTools) {
      const said = await askOfTool(lookOf(what, manifest), policies, asking);
      if (said !== UNASKED) tools.set(call, said);
    }
    const [because] = failures;
    if (because !== undefined) return { kind: "unreachable", because };
  }
  const { said, undecided } = decidedOf(models);
  return {
    kind: "ok",
    policies: { said: new Map([...tools, ...said]), withoutArguments, undecided },
  };
}

async function askOfTool(
  look: Unpoliced,
  policies: readonly PolicyRules[],
  asking: Asking,
): Promise<PolicySaid | Unasked> {
  if (!isToolGranted(look)) return UNASKED;
  return askAll(policies, "tool", toolQuestions(look), asking);
}

function askOfModel(
  { model }: CaseModel,
  policies: readonly PolicyRules[],
  asking: Asking,
): Promise<PolicySaid> {
  const known: CaseModelInput = { kind: "model", model };
  // `as`: of a case there is no more, and a policy finds the rest missing.
  const question: Question = { call: known as ModelCallInput, resource: null, about: null };
  return askAll(policies, "model", [question], asking);
}

function askingAt(moment: CaseMoment, { agent, labels }: Manifest, now: Millis): Asking {
  const around = {
    ...({ version: 1, agent_id: agent, ...moment, budgets: [], metrics: {} } as const),
    labels: labelsInput(labels),
  };
  return { around, commit: null, now, clock: systemClock, answered: () => undefined };
}

function patient(policies: readonly PolicyRules[]): readonly PolicyRules[] {
  return policies.map((rules) => ({
    ...rules,
    timeoutMs: Math.max(rules.timeoutMs, REVIEW_MS),
  }));
}
