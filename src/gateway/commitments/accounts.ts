/** Which accounts a commitment draws on now: those of a call of its agent, key and task. */
import type { Commitment } from "../../guards/commitment/commitment.ts";
import type { Millis } from "../../guards/money.ts";
import { fullName } from "../../guards/tool/names.ts";
import type { TaskRecord } from "../../ports/store.ts";
import type { Account } from "../account.ts";
import type { Gateway } from "../gateway.ts";
import { taskKey } from "../tasks.ts";

/** The deepest nesting that a manifest can allow. */
const DEPTH_MAX = 64;

/**
 * What was begun in a task goes on when the task has ended: from then on its own budgets give
 * nothing more, and those of its agent, team and organisation pay. None at all for an agent that is
 * no longer configured.
 */
export async function inForce(
  { agent, key, server, task, tool }: Commitment,
  now: Millis,
  gateway: Gateway,
): Promise<readonly Account[]> {
  const { cashier, holding, rules } = gateway;
  const manifest = rules.manifest(agent);
  if (manifest === null) return [];
  const { org, team } = manifest.labels;
  const tasks = await lineageOf(agent, task, gateway);
  const belongs = { org, team, agent, key, model: null, tool: fullName({ server, tool }) };
  const scopes = [task, ...tasks.slice(1).map(({ id }) => id)].map((id) => taskKey(agent, id));
  const specs = rules.accountsOf(belongs, scopes, now);
  const over = new Set(
    scopes.filter((_scope, index) => tasks[index] === undefined || tasks[index].endedAt !== null),
  );
  const paying = specs.filter(({ scope, unit }) => unit === "usd" && !over.has(scope));
  return await cashier.accountsFor(holding.tenure, paying);
}

/** Read from the store, and not from what is remembered: looking at a task is no sign of life. */
async function lineageOf(agent: string, id: string, { store }: Gateway): Promise<TaskRecord[]> {
  const lineage: TaskRecord[] = [];
  let next: string | null = id;
  while (next !== null && lineage.length < DEPTH_MAX) {
    const found: TaskRecord | null = await store.tasks.find(agent, next);
    if (found === null) break;
    lineage.push(found);
    next = found.parent;
  }
  return lineage;
}
