/** Puts questions to the engine: about one call, all within one time, the same moment for all. */
import type { Millis } from "../../guards/money.ts";
import type { PolicyAnswer, PolicyDocument } from "../../guards/policy/answer.ts";
import type { CommitsInput, PolicyInput } from "../../guards/policy/input.ts";
import type { Binding, PolicyRules } from "../../guards/policy/rules.ts";
import { type PolicySaid, type PolicyVerdict, verdictOf } from "../../guards/policy/said.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Circumstances } from "./circumstances.ts";
import { type Question, questionsFor } from "./questions.ts";

const NS_PER_MS = 1_000_000n;
/** As an engine says it of itself. */
const LATE = "limit";

export interface Asking {
  readonly around: Circumstances;
  readonly commit: CommitsInput["guardrails"];
  /** Milliseconds since 1970: what `time.now_ns` answers. */
  readonly now: Millis;
  readonly clock: Clock;
  /** Told of each answer. */
  readonly answered: (answered: Answered) => void;
}

export interface Answered {
  readonly rules: PolicyRules;
  readonly binding: Binding;
  readonly input: PolicyDocument;
  readonly answer: PolicyAnswer;
  /** What it comes to, where it is a value. */
  readonly verdict: PolicyVerdict["verdict"];
  readonly tookMs: Millis;
}

export function isBound(policies: readonly PolicyRules[], on: Binding["on"]): boolean {
  return policies.some(({ bindings }) => bindings.some((binding) => binding.on === on));
}

/** Never rejects. All policies at once, as far as the engine can; of each its questions in turn. */
export async function askAll(
  policies: readonly PolicyRules[],
  on: Binding["on"],
  questions: readonly Question[],
  asking: Asking,
): Promise<PolicySaid> {
  const said = policies.flatMap((rules) => {
    const until = asking.clock.monotonic() + rules.timeoutMs;
    return rules.bindings
      .filter((binding) => binding.on === on)
      .map((binding) => {
        return askOne(
          rules,
          binding,
          { questions: questionsFor(binding, questions), until },
          asking,
        );
      });
  });
  return (await Promise.all(said)).flat();
}

/** What `time.now_ns` answers. */
export function nanosecondsOf(now: Millis): bigint {
  return BigInt(Math.floor(now)) * NS_PER_MS;
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
  { answered, around, clock, commit, now }: Asking,
): Promise<PolicyVerdict> {
  const { about, call, resource } = question;
  const askedAt = clock.monotonic();
  const timeoutMs = until - askedAt;
  if (timeoutMs <= 0) {
    const because = `all policies together had ${rules.timeoutMs} ms`;
    return verdictOf({ kind: "failed", code: LATE, because }, binding, about);
  }
  const input: PolicyInput = {
    ...{ ...around, call, ...(resource !== null && { resource }) },
    commits: { guardrails: commit, policies: rules.revision },
  };
  const at = { now: nanosecondsOf(now), timeoutMs };
  // The same, as engines take it.
  const document: PolicyDocument = { ...input };
  const answer = await rules.ask(binding, document, at);
  const verdict = verdictOf(answer, binding, about);
  const tookMs = clock.monotonic() - askedAt;
  answered({ rules, binding, input: document, answer, verdict: verdict.verdict, tookMs });
  return verdict;
}
