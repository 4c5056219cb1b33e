/** The commands of budgets: what is left, and limits that people raise until a window ends. */
import type { Command } from "commander";
import type { Asking } from "./connect.ts";
import type { RaisedOptions, RaiseOptions } from "./overrides.ts";
import { asking, type Do, example } from "./parts.ts";
import type { Shell } from "./shell.ts";

const REASON = ["--reason <text>", "why; the journal keeps it"] as const;
const SCOPE = ["--scope <value>", "of budgets with an account each: whose"] as const;

export function addBudgets(program: Command, shell: Shell, work: Do): void {
  const budgets = asking(program, "budgets", "What every budget has left.");
  example(budgets, "slipclutch budgets").action((options: Asking) =>
    work(async () => (await import("./budgets.ts")).showBudgets(options, shell)),
  );
  const raise = asking(budgets, "raise <budget>", "Raise its limit until its window ends.")
    .requiredOption("--limit <amount>", "in the budget's unit, above what holds now")
    .option(...SCOPE)
    .requiredOption(...REASON);
  const line =
    'slipclutch budgets raise support-monthly --limit 750 --reason "refunds, ticket 4711"';
  example(raise, line).action((budget: string, _options, own: Command) =>
    work(async () => {
      const options: RaiseOptions = own.optsWithGlobals();
      return (await import("./overrides.ts")).raiseLimit(budget, options, shell);
    }),
  );
  const withdraw = asking(budgets, "withdraw <budget>", "Back to the limit that is configured.")
    .option(...SCOPE)
    .requiredOption(...REASON);
  example(withdraw, 'slipclutch budgets withdraw support-monthly --reason "it is over"').action(
    (budget: string, _options, own: Command) =>
      work(async () => {
        const options: RaiseOptions = own.optsWithGlobals();
        return (await import("./overrides.ts")).raiseLimit(budget, options, shell);
      }),
  );
  const raised = asking(budgets, "raised", "Limits that people have raised.").option(
    "--export",
    "as a change to slipclutch.yaml, so that they last",
  );
  example(raised, "slipclutch budgets raised", "slipclutch budgets raised --export").action(
    (_options, own: Command) =>
      work(async () => {
        const options: RaisedOptions = own.optsWithGlobals();
        return (await import("./overrides.ts")).listRaised(options, shell);
      }),
  );
}
