/** The end of a task: in the store, and of the accounts that were its own. */
import { emit, type Gateway } from "../gateway/gateway.ts";
import { taskKey } from "../gateway/tasks.ts";
import { retire } from "../gateway/tenure.ts";
import type { TaskEnd } from "../ports/store.ts";

/** False: there is none, or it had ended. */
export async function endTask(
  end: {
    readonly agent: string;
    readonly id: string;
    readonly outcome: TaskEnd;
    readonly by: string;
  },
  gateway: Gateway,
): Promise<boolean> {
  const { agent, by, id, outcome } = end;
  const { holding, rules, store, tasks } = gateway;
  // An idle task was ended in the store already; its accounts were not.
  const ended = by === "idle" || (await tasks.end(agent, id, outcome));
  if (!ended) return false;
  const scope = taskKey(agent, id);
  const perTask = rules.configuration.budgets.filter(({ each }) => each === "task");
  const names = perTask.map(({ name }) => name);
  if (names.length > 0) await store.ledger.closeScope(names, scope);
  for (const account of holding.tenure.allAccounts()) {
    if (account.purse.scope === scope && names.includes(account.purse.budget)) {
      retire(holding.tenure, account);
    }
  }
  emit(gateway, holding.tenure, { kind: "task.ended", agent, task: id, outcome, by });
  return true;
}
