/**
 * Budgets that park: a call that can never fit in one waits, in a review of that account, until its
 * limit is raised, its next window begins, or a person decides.
 */
import type { Budget } from "../../guards/budget/budget.ts";
import { hopeOf } from "../../guards/budget/slice.ts";
import { parseUsd } from "../../guards/money.ts";
import type { Denial } from "../../guards/verdict.ts";
import type { AccountState, Review } from "../../ports/store.ts";
import type { Call, Why } from "../call.ts";
import { emit, type Gateway } from "../gateway.ts";
import { PACE_MS } from "./calm.ts";

const ID_BYTES = 8;
const REVIEWS_MAX = 1_000;
const ACCOUNTS_MAX = 100;

/** Whether a call that was refused waits instead. */
export function waitsFor(denial: Denial, { incoming }: Call): Why | null {
  if (denial.code !== "budget.exhausted") return null;
  const { budgets } = incoming.rules.configuration;
  const budget = budgets.find(({ name }) => name === denial.facts.budget);
  return budget?.onExhausted === "park" ? { cause: "budget", spent: denial } : null;
}

/** The review that stands for this agent and account, opened if there is none. */
export async function reviewOf(
  { incoming }: Call,
  { facts }: Denial,
  { chance, holding, store }: Gateway,
): Promise<string> {
  const { budget = "", scope = "" } = facts;
  const of = scope === "" ? "" : ` of ${scope}`;
  const review = await store.clutch.open({
    id: `b-${chance.hex(ID_BYTES)}`,
    kind: "budget",
    agent: incoming.manifest.agent,
    subject: JSON.stringify([budget, scope]),
    reason: `The budget ${budget}${of} does not cover what is asked of it.`,
    evidence: JSON.stringify(facts),
    at: holding.storeNow(),
  });
  return review.id;
}

/** Lets go what waits for accounts that have enough again. Rejects if the store cannot be asked. */
export async function resumeRefilled(gateway: Gateway): Promise<void> {
  const { lot, store } = gateway;
  if (lot.isEmpty) return;
  const open = await store.clutch.reviews({ state: "open", limit: REVIEWS_MAX });
  for (const review of open) {
    if (review.kind !== "budget" || !(await isRefilled(review, gateway))) continue;
    await resume(review, gateway);
  }
}

async function isRefilled(review: Review, { holding, rules, store }: Gateway): Promise<boolean> {
  const [budget, scope] = subjectOf(review);
  const configured = rules.configuration.budgets.find(({ name }) => name === budget);
  if (configured === undefined) return true;
  const need = needOf(review, configured);
  const filter = { budget, scope, open: true, limit: ACCOUNTS_MAX };
  const accounts = await store.ledger.accounts(filter);
  const { unit, window } = configured;
  const inForce = accounts.filter((account) => account.window === window && account.unit === unit);
  return inForce.some((account) => has(account, need, holding.storeNow()));
}

/** Its next window begins with nothing spent. */
function has(account: AccountState, need: bigint, now: number): boolean {
  return (account.ends !== null && account.ends <= now) || hopeOf(account) >= need;
}

export function subjectOf({ subject }: Review): readonly [budget: string, scope: string] {
  // `as`: `reviewOf` wrote it, and nobody else opens reviews of this kind.
  return JSON.parse(subject) as [string, string];
}

/** Of the first call that waited: one that needs less may have fitted all the time. */
function needOf({ evidence }: Review, { unit }: Budget): bigint {
  // `as`: the facts of a refusal, see `reviewOf`.
  const facts = JSON.parse(evidence) as Record<string, string | undefined>;
  const needed = facts[`needed_${unit}`];
  // Of another unit: the budget counts something else by now.
  if (needed === undefined) return 0n;
  return unit === "usd" ? (parseUsd(needed) ?? 0n) : BigInt(needed);
}

/** Another gateway may do it first, or a person decide: then the version is another one. */
async function resume({ agent, id, version }: Review, gateway: Gateway): Promise<void> {
  const { chance, holding, store } = gateway;
  const reason = "the budget has enough again";
  const answer = await store.clutch.decide({
    ...{ id: `dr-${chance.hex(ID_BYTES)}`, review: id, version, decision: "resume", reason },
    ...{ by: "gateway", at: holding.storeNow(), task: null, call: null, message: null },
    paceMs: PACE_MS,
  });
  if (answer.kind !== "ok") return;
  const event = { agent, review: id, decision: "resume", task: null, call: null } as const;
  emit(gateway, holding.tenure, { kind: "review.decided", ...event, reason, by: "gateway" });
}
