/** What a decision changes before the agent goes on; and limits that people raise by themselves. */
import type { DecisionAsked, RaiseAsked, RaiseOutcome } from "../control/operations.ts";
import { emit, type Gateway } from "../gateway/gateway.ts";
import { editFor } from "../gateway/parking/edit.ts";
import { subjectOf } from "../gateway/parking/spent.ts";
import type { Budget } from "../guards/budget/budget.ts";
import { formatAmount, UNIT_NAMES, type Unit } from "../guards/budget/unit.ts";
import { parseUsd } from "../guards/money.ts";
import type { AccountState, Change, Override, Parked, Review } from "../ports/store.ts";

const ID_BYTES = 8;
const ACCOUNTS_MAX = 100;

/** What the store keeps of an amount; every unit's are integers below this. */
const AMOUNT_MAX = 2n ** 63n - 1n;

/** A decision, with what it is about as the store is told it. */
export interface Prepared {
  readonly change: Change;
  /** Whose limit is raised. */
  readonly account: AccountState | null;
  /** Of the call that is edited, where none was named. */
  readonly task: string | null;
  readonly message: string | null;
}

/** A sentence: why nothing can be changed like this. */
export async function changeFor(
  review: Review,
  asked: DecisionAsked,
  row: Parked | null,
  gateway: Gateway,
): Promise<Prepared | string> {
  const { arguments: given, limit, message, task } = asked;
  const raised = limit === null ? NOT_RAISED : await raiseFor(review, limit, gateway);
  if (typeof raised === "string") return raised;
  const { account, raise } = raised;
  if (given === null) return { account, change: raise, task, message };
  if (row?.review !== review.id) return "it has no such call parked";
  const edit = await editFor(row, given, review, gateway);
  if (typeof edit === "string") return edit;
  const change = { ...raise, edit };
  return { account, change, task: task ?? row.task, message: message ?? EDITED };
}

const NOT_RAISED = { account: null, raise: {} } as const;
/** What the model is told of it, where nobody says more. */
const EDITED = "A person changed the arguments of a call of yours before it ran.";

async function raiseFor(review: Review, text: string, gateway: Gateway) {
  if (review.kind !== "budget") {
    return "it is about no budget; one is raised with: slipclutch budgets raise";
  }
  const [budget, scope] = subjectOf(review);
  const account = await accountOf(budget, scope, gateway);
  if (typeof account === "string") return account;
  const limit = higher(account, text);
  if (typeof limit === "string") return limit;
  return { account, raise: { raise: { account: account.id, limit } } };
}

/** The account in force; a sentence where there is none. */
async function accountOf(
  name: string,
  scope: string,
  { holding, rules, store }: Gateway,
): Promise<AccountState | string> {
  const budget = budgetNamed(name, rules.configuration.budgets);
  if (budget === undefined) return `there is no budget ${name} any more`;
  const filter = { budget: name, scope, open: true, limit: ACCOUNTS_MAX };
  const accounts = await store.ledger.accounts(filter);
  const now = holding.storeNow();
  const found = accounts.find(({ ends, unit, window }) => {
    return unit === budget.unit && window === budget.window && (ends === null || now < ends);
  });
  const of = scope === "" ? "" : ` of ${scope}`;
  return found ?? `nothing has drawn on ${name}${of} in this window yet`;
}

function budgetNamed(name: string, budgets: readonly Budget[]): Budget | undefined {
  return budgets.find((budget) => budget.name === name);
}

/** Lowering is for the configuration, where it lasts. */
function higher({ limit, unit }: AccountState, text: string): bigint | string {
  const amount = amountFrom(text, unit);
  const inUnit = unit === "usd" ? "a decimal of USD, like 750 or 12.50" : `a number of ${unit}`;
  if (amount === null || amount > AMOUNT_MAX) return `the limit "${text}" is not ${inUnit}`;
  if (amount > limit) return amount;
  const named = `${formatAmount(unit, limit)} ${UNIT_NAMES[unit]}`;
  return `the limit is ${named} now, and can only be raised here`;
}

function amountFrom(text: string, unit: Unit): bigint | null {
  if (unit === "usd") return parseUsd(text);
  return /^\d{1,19}$/.test(text) ? BigInt(text) : null;
}

export async function raiseLimit(
  asked: RaiseAsked,
  by: string,
  gateway: Gateway,
): Promise<RaiseOutcome> {
  const { budget, limit: text, reason, scope } = asked;
  const { chance, holding, rules, store } = gateway;
  const names = rules.configuration.budgets.map(({ name }) => name);
  if (!names.includes(budget)) return { kind: "no-budget", budgets: names };
  const found = await accountOf(budget, scope, gateway);
  if (typeof found === "string") return { kind: "nothing", because: found };
  const limit = text === null ? null : higher(found, text);
  if (typeof limit === "string") return { kind: "nothing", because: limit };
  const account = await store.overrides.raise({
    ...{ id: `o-${chance.hex(ID_BYTES)}`, account: found.id, limit, reason, by },
    ...{ at: holding.storeNow(), review: null },
  });
  if (account === null) return { kind: "nothing", because: "its window is over" };
  noteRaised(account, limit, { agent: null, review: null, reason, by }, gateway);
  return { kind: "ok", account };
}

const OVERRIDES_MAX = 1_000;

/** Of budgets as they are configured now: what was of another unit or window raises nothing. */
export async function overridesOf({ rules, store }: Gateway): Promise<readonly Override[]> {
  const { budgets } = rules.configuration;
  return (await store.overrides.list(OVERRIDES_MAX)).filter(({ budget, unit, window }) => {
    const now = budgetNamed(budget, budgets);
    return now?.unit === unit && now.window === window;
  });
}

/** In the journal, with who and why. */
export function noteRaised(
  { budget, scope, unit }: Pick<AccountState, "budget" | "scope" | "unit">,
  limit: bigint | null,
  said: {
    readonly agent: string | null;
    readonly review: string | null;
    readonly reason: string;
    readonly by: string;
  },
  gateway: Gateway,
): void {
  const text = limit === null ? null : formatAmount(unit, limit);
  const event = { kind: "budget.raised", budget, scope, unit, limit: text, ...said } as const;
  emit(gateway, gateway.holding.tenure, event);
}
