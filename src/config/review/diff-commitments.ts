/** What a tool's calls go on costing: how much of it there may be, and how it is held. */
import type { CommitmentTerms } from "../../guards/commitment/terms.ts";
import { type Amount, amountChanges, durationWords, usdWords } from "./amounts.ts";
import { type About, type Change, change } from "./change.ts";

type Pair = readonly [before: CommitmentTerms | null, after: CommitmentTerms | null];

const ACTIVE: Amount = {
  says: (amount) => `${amount} of what it begins may go on costing at once`,
};

/** Whatever is set aside for one, budgets have no room for another. */
const HELD = { more: "narrower", less: "wider" } as const;

const PRICE: Amount = {
  says: (usd) => `each hour of what it begins is charged ${usd}`,
  words: usdWords,
  ...HELD,
};

const HORIZON: Amount = {
  says: (time) => `the cost of ${time} is set aside ahead`,
  words: durationWords,
  ...HELD,
};

export function commitmentChanges(about: About, [before, after]: Pair): Change[] {
  if (before === null && after === null) return [];
  if (after === null) {
    const says = "what it begins goes on without being charged, counted or ended";
    return [change(about, "wider", says)];
  }
  if (before === null) {
    const most = `at most ${after.activeMax} at once, ${usdWords(after.nanoUsdPerHour)} an hour`;
    return [change(about, "narrower", `what it begins is charged until it ends, ${most}`)];
  }
  return [
    ...amountChanges(about, before.activeMax, after.activeMax, ACTIVE),
    ...amountChanges(about, before.nanoUsdPerHour, after.nanoUsdPerHour, PRICE),
    ...amountChanges(about, before.horizonMs, after.horizonMs, HORIZON),
    ...placeChanges(about, before, after),
    ...unrenewableChanges(about, before, after),
  ];
}

/** What is taken for another one, or for ended while it is there, is charged to nobody. */
function placeChanges(about: About, before: CommitmentTerms, after: CommitmentTerms): Change[] {
  const [old, now] = [before.endsWith, after.endsWith];
  const changes: Change[] = [];
  if (before.id !== after.id) {
    const says = `what a call began is found at ${after.id} instead of ${before.id}`;
    changes.push(change(about, "may-be-wider", says));
  }
  if (old.server !== now.server || old.tool !== now.tool || old.id !== now.id) {
    const says = `what it begins is ended by ${endWords(after)} instead of ${endWords(before)}`;
    changes.push(change(about, "may-be-wider", says));
  }
  return changes;
}

function endWords({ endsWith: { id, server, tool } }: CommitmentTerms): string {
  return `${server}__${tool} (${id})`;
}

/** A pause stops the agent and lets what runs go on; an end is the other way round. */
const UNRENEWABLE = {
  end: ["what no budget renews is ended, and the agent goes on instead of being paused", "wider"],
  trip: [
    "what no budget renews goes on until a person decides, and the agent is paused",
    "may-be-wider",
  ],
} as const;

function unrenewableChanges(
  about: About,
  { onUnrenewable: old }: CommitmentTerms,
  { onUnrenewable: now }: CommitmentTerms,
): Change[] {
  if (old === now) return [];
  const [says, direction] = UNRENEWABLE[now];
  return [change(about, direction, says)];
}
