/** Raised limits as the control plane's API shows them. */
import { inUnit } from "../guards/budget/unit.ts";
import type { Override } from "../ports/store.ts";
import type { RaiseOutcome } from "./operations.ts";
import { Problem } from "./problem.ts";
import type { OverrideView, RaisedView } from "./schemas/money.ts";
import { iso } from "./views.ts";

export function overrideView(override: Override): OverrideView {
  const { at, budget, by, configured, ends, id, limit, reason, review, scope, unit } = override;
  return {
    ...{ id, budget, scope, unit, window: override.window, reason, by, at: iso(at), review },
    ...inUnit(unit, { limit, configured }),
    window_ends_at: ends === null ? null : iso(ends),
  };
}

/** The account after it, or the `Problem` that says why nothing was raised. */
export function raisedView(budget: string, outcome: RaiseOutcome): RaisedView {
  switch (outcome.kind) {
    case "no-budget": {
      const known = outcome.budgets.join(", ");
      throw new Problem("budget.unknown", `There is no budget ${budget}. There are: ${known}.`);
    }
    case "nothing":
      throw new Problem("budget.not-raised", `Nothing was raised: ${outcome.because}.`);
    case "ok": {
      const { ends, limit, scope, spent, unit } = outcome.account;
      const until = ends === null ? null : iso(ends);
      return { budget, scope, unit, ...inUnit(unit, { limit, spent }), window_ends_at: until };
    }
  }
}
