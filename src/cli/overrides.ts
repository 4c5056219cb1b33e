/** `slipclutch budgets raise | withdraw | raised`: limits that hold until a window ends. */
import type { OverrideView } from "../control/client.ts";
import { amountOf } from "../guards/budget/unit.ts";
import { amountColumn, unitColumn } from "./amounts.ts";
import { type Asking, connect } from "./connect.ts";
import { type Column, clean, paintFor, renderTable } from "./paint.ts";
import { EXIT, type Shell } from "./shell.ts";

export interface RaiseOptions extends Asking {
  /** Absent: what was raised is withdrawn. */
  readonly limit?: string;
  readonly scope?: string;
  readonly reason: string;
}

export async function raiseLimit(
  budget: string,
  { limit, reason, scope, ...options }: RaiseOptions,
  shell: Shell,
): Promise<number> {
  const client = await connect(options, shell);
  const of = scope === undefined ? {} : { scope };
  const raised = await client.raiseLimit({ budget, limit: limit ?? null, reason, ...of });
  if (options.json) {
    shell.out.write(`${JSON.stringify(raised)}\n`);
    return EXIT.ok;
  }
  const until = raised.window_ends_at ?? "its accounts end";
  const name = [raised.budget, raised.scope].filter((part) => part !== "").join(" ");
  const text = `${name}: ${amountOf(raised, "limit")} ${raised.unit} until ${until}`;
  shell.out.write(`${clean(text)}\n`);
  return EXIT.ok;
}

export interface RaisedOptions extends Asking {
  readonly export?: boolean;
}

function columnsFor(rows: readonly OverrideView[]): readonly Column<OverrideView>[] {
  return [
    { title: "budget", text: (row) => row.budget },
    { title: "scope", text: (row) => row.scope || "–" },
    ...unitColumn(rows),
    amountColumn(rows, "configured"),
    amountColumn(rows, "limit"),
    { title: "until", text: (row) => row.window_ends_at ?? "–" },
    { title: "by", text: (row) => row.by },
    { title: "at", text: (row) => row.at },
    { title: "reason", text: (row) => row.reason },
  ];
}

export async function listRaised(options: RaisedOptions, shell: Shell): Promise<number> {
  const client = await connect(options, shell);
  const rows = await client.overrides();
  if (options.json) {
    shell.out.write(`${JSON.stringify(rows)}\n`);
    return EXIT.ok;
  }
  if (rows.length === 0) {
    shell.out.write("Nobody has raised a limit.\n");
    return EXIT.ok;
  }
  const output = { paint: paintFor(shell, shell.out), columns: shell.out.columns };
  const text = options.export ? exported(rows) : renderTable(rows, columnsFor(rows), output);
  shell.out.write(text);
  return EXIT.ok;
}

/**
 * The limits of budgets as they would be written in slipclutch.yaml. One that has an account for
 * each has one limit there: the highest that was raised.
 */
function exported(rows: readonly OverrideView[]): string {
  const lines = ["# Limits that people raised: in slipclutch.yaml they last.", "budgets:"];
  for (const [budget, raised] of Map.groupBy(rows, (row) => row.budget)) {
    const most = raised.reduce((one, two) => (limitOf(two) > limitOf(one) ? two : one));
    const { at, by, reason, scope, unit } = most;
    const of = scope === "" ? "" : ` for ${scope}`;
    lines.push(
      `  # ${comment(`${amountOf(most, "configured")} before; ${by}${of}, ${at}: ${reason}`)}`,
    );
    lines.push(`  - name: ${budget}`, `    limit_${unit}: ${amountOf(most, "limit")}`);
  }
  return `${lines.join("\n")}\n`;
}

function limitOf(row: OverrideView): number {
  return Number(amountOf(row, "limit"));
}

/** Of one line, whatever people wrote. */
function comment(text: string): string {
  return clean(text).replaceAll(/\s+/g, " ");
}
