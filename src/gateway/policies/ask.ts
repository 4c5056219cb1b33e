/**
 * Asks the policies of a call, before the guards are told what they said. Nothing that the manifest
 * refuses is asked about, and a call that no policy is bound to waits for nothing.
 */
import { isModelGranted, isToolGranted } from "../../guards/decide.ts";
import type { Facts } from "../../guards/facts.ts";
import { type PolicySaid, UNASKED, type Unasked } from "../../guards/policy/said.ts";
import type { Unpoliced } from "../../guards/tool/facts.ts";
import { type Denial, isDenial } from "../../guards/verdict.ts";
import type { Account } from "../account.ts";
import type { ModelCall } from "../call.ts";
import { type Asker, accountsOf, type Drawing } from "../draws.ts";
import type { Gateway } from "../gateway.ts";
import type { Lineage } from "../tasks.ts";
import { circumstancesOf, type Known } from "./circumstances.ts";
import { type Asking, askAll, isBound } from "./evaluate.ts";
import { noting } from "./noting.ts";
import { modelQuestion, toolQuestions } from "./questions.ts";

const NOTHING: PolicySaid = [];

/** What policies say of a call of a tool, and of the calls inside it. */
export function policiesOnTool(
  look: Unpoliced,
  known: Known,
  gateway: Gateway,
): PolicySaid | Unasked | Promise<PolicySaid> {
  const { policies } = known.incoming.manifest;
  if (!isBound(policies, "tool")) return NOTHING;
  if (!isToolGranted(look)) return UNASKED;
  const asking = askingOf(known, look.ask, gateway);
  return askAll(policies, "tool", toolQuestions(look), asking);
}

/** The same of a call that is looked at where it is not run: what it draws on is found first. */
export function policiesOnSeen(
  look: Unpoliced,
  incoming: Asker,
  gateway: Gateway,
): PolicySaid | Unasked | Promise<PolicySaid | Unasked | Denial> {
  if (!isBound(incoming.manifest.policies, "tool")) return NOTHING;
  if (!isToolGranted(look)) return UNASKED;
  const { ask, resolved } = look;
  return knownOf({ kind: "tool", incoming, ask, resolved }, gateway).then((known) =>
    isDenial(known) ? known : policiesOnTool(look, known, gateway),
  );
}

/** What policies say of a call of a model. */
export function policiesOnModel(
  call: ModelCall,
  facts: Omit<Facts, "policy" | "clutch">,
  known: Known,
  gateway: Gateway,
): PolicySaid | Unasked | Promise<PolicySaid> {
  const { policies } = known.incoming.manifest;
  if (!isBound(policies, "model")) return NOTHING;
  if (!isModelGranted(facts)) return UNASKED;
  return askAll(policies, "model", [modelQuestion(call)], askingOf(known, null, gateway));
}

export async function knownOf(call: Drawing, gateway: Gateway): Promise<Known | Denial> {
  const { incoming } = call;
  const lineage: Lineage | Denial = await gateway.tasks.lineage(
    incoming.manifest,
    incoming.taskName,
  );
  if (isDenial(lineage)) return lineage;
  const accounts: readonly Account[] = await accountsOf(call, lineage, gateway);
  return { incoming, lineage, accounts };
}

function askingOf(known: Known, tool: Unpoliced["ask"] | null, gateway: Gateway): Asking {
  const now = gateway.holding.storeNow();
  const { commit } = known.incoming.rules.configuration;
  const around = circumstancesOf(known, tool, now, gateway);
  const answered = noting(known.incoming, now, gateway);
  return { answered, around, commit, now, clock: gateway.clock };
}
