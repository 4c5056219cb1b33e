/**
 * Asks the policies of a call, before the guards are told what they said. Nothing that the manifest
 * refuses is asked about, and a call that no policy is bound to waits for nothing.
 */
import { isModelGranted, isToolGranted } from "../../guards/decide.ts";
import type { Facts, States } from "../../guards/facts.ts";
import type { Millis } from "../../guards/money.ts";
import type { PolicyDocument } from "../../guards/policy/answer.ts";
import type { PolicyInput } from "../../guards/policy/input.ts";
import type { Binding, PolicyRules } from "../../guards/policy/rules.ts";
import {
  type PolicySaid,
  type PolicyVerdict,
  UNASKED,
  type Unasked,
  verdictOf,
} from "../../guards/policy/said.ts";
import type { Unpoliced } from "../../guards/tool/facts.ts";
import { type Denial, isDenial } from "../../guards/verdict.ts";
import type { Account } from "../account.ts";
import type { ModelCall } from "../call.ts";
import { type Asker, accountsOf, type Drawing } from "../draws.ts";
import type { Gateway } from "../gateway.ts";
import type { Lineage } from "../tasks.ts";
import { type Circumstances, circumstancesOf, type Known } from "./circumstances.ts";
import { modelQuestion, type Question, toolQuestions } from "./questions.ts";

const NOTHING: PolicySaid = [];
const NS_PER_MS = 1_000_000n;
/** Of what is recorded of a question that came too late. */
const LATE = "limit";

/** What is asked, and how it stands. */
interface Asking {
  readonly known: Known;
  readonly around: Circumstances;
  readonly now: bigint;
  readonly gateway: Gateway;
}

/** Whose decision it is, where it has one already. */
export type PolicyAsker = Asker & { readonly decision?: string };

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
  return askAll(policies, "tool", (binding) => toolQuestions(look, binding), asking);
}

/** The same of a call that is looked at where it is not run: what it draws on is found first. */
export function policiesOnSeen(
  look: Unpoliced,
  incoming: PolicyAsker,
  gateway: Gateway,
): PolicySaid | Unasked | Promise<PolicySaid | Denial> {
  if (!isBound(incoming.manifest.policies, "tool")) return NOTHING;
  if (!isToolGranted(look)) return UNASKED;
  const { ask, resolved } = look;
  return knownOf({ kind: "tool", incoming, ask, resolved }, gateway).then((known) => {
    // `as`: it was granted a moment ago, by the same facts.
    return isDenial(known) ? known : (policiesOnTool(look, known, gateway) as PolicySaid);
  });
}

/** What policies say of a call of a model. */
export function policiesOnModel(
  call: ModelCall,
  facts: Omit<Facts, "policy">,
  known: Known,
  gateway: Gateway,
): PolicySaid | Unasked | Promise<PolicySaid> {
  const { policies } = known.incoming.manifest;
  if (!isBound(policies, "model")) return NOTHING;
  if (!isModelGranted(facts, NO_STATES)) return UNASKED;
  const questions = [modelQuestion(call)];
  return askAll(policies, "model", () => questions, askingOf(known, null, gateway));
}

/** Guards before the policies look at no state. */
const NO_STATES: States = { purses: [] };

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
  const around = circumstancesOf(known, tool, now, gateway);
  return { known, around, now: nanosecondsOf(now), gateway };
}

/** What `time.now_ns` answers. */
export function nanosecondsOf(now: Millis): bigint {
  return BigInt(Math.floor(now)) * NS_PER_MS;
}

function isBound(policies: readonly PolicyRules[], on: Binding["on"]): boolean {
  return policies.some(({ bindings }) => bindings.some((binding) => binding.on === on));
}

/** At once, as far as the engine can; of the questions of one policy no more than it takes. */
async function askAll(
  policies: readonly PolicyRules[],
  on: Binding["on"],
  questionsOf: (binding: Binding) => readonly Question[],
  asking: Asking,
): Promise<PolicySaid> {
  const said = policies.flatMap((rules) => {
    const until = asking.gateway.clock.monotonic() + rules.timeoutMs;
    return rules.bindings
      .filter((binding) => binding.on === on)
      .map((binding) => askOne(rules, binding, { questions: questionsOf(binding), until }, asking));
  });
  return (await Promise.all(said)).flat();
}

interface ToAsk {
  readonly questions: readonly Question[];
  /** Monotonic: all questions about the call have an answer by then, or are refused. */
  readonly until: number;
}

/** Up to the first that is not allowed. */
async function askOne(
  rules: PolicyRules,
  binding: Binding,
  { questions, until }: ToAsk,
  asking: Asking,
): Promise<PolicySaid> {
  const verdicts: PolicyVerdict[] = [];
  for (const question of questions) {
    const verdict = await askNow(rules, binding, { question, until }, asking);
    verdicts.push(verdict);
    if (verdict.verdict === "deny") break;
  }
  return verdicts;
}

async function askNow(
  rules: PolicyRules,
  binding: Binding,
  { question, until }: { readonly question: Question; readonly until: number },
  { around, gateway, known, now }: Asking,
): Promise<PolicyVerdict> {
  const { about, call, resource } = question;
  const timeoutMs = until - gateway.clock.monotonic();
  if (timeoutMs <= 0) {
    const because = `all policies together had ${rules.timeoutMs} ms`;
    return verdictOf({ kind: "failed", code: LATE, because }, binding, about);
  }
  const { commit } = known.incoming.rules.configuration;
  const input: PolicyInput = {
    ...{ ...around, call, ...(resource !== null && { resource }) },
    commits: { guardrails: commit, policies: rules.revision },
  };
  const answer = await rules.ask(binding, documentOf(input), { now, timeoutMs });
  return verdictOf(answer, binding, about);
}

/** The same object, as engines take it. */
function documentOf(input: PolicyInput): PolicyDocument {
  return { ...input };
}
