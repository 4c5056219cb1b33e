/** `slipclutch commitments`: what tools have begun and goes on costing, and ending one by hand. */
import type { CommitmentView } from "../control/client.ts";
import { formatUsd, parseUsd } from "../guards/money.ts";
import { type Asking, connect } from "./connect.ts";
import { type Column, clean, paintFor, renderTable, type Style } from "./paint.ts";
import { EXIT, type Shell } from "./shell.ts";

const SHOWN_MAX = "1000";

const STYLES: Readonly<Record<CommitmentView["state"], Style | null>> = {
  opening: null,
  active: null,
  unknown: "red",
  ended: "dim",
};

const COLUMNS: readonly Column<CommitmentView>[] = [
  { title: "commitment", text: (row) => row.id },
  { title: "agent", text: (row) => row.agent },
  { title: "tool", text: (row) => `${row.server}__${row.tool}` },
  { title: "made", text: (row) => (row.service === null ? "–" : String(row.service)) },
  { title: "state", text: stateOf, style: (row) => STYLES[row.state] },
  { title: "$/hour", text: (row) => row.usd_per_hour, align: "right" },
  { title: "$/day", text: (row) => row.usd_per_day, align: "right" },
  { title: "so far $", text: (row) => row.accrued_usd, align: "right" },
  { title: "since", text: (row) => row.opened_at },
];

function stateOf({ renewable, state }: CommitmentView): string {
  return renewable || state === "ended" ? state : `${state}, not renewed`;
}

export interface CommitmentsOptions extends Asking {
  readonly agent?: string;
  readonly all?: boolean;
}

export async function listCommitments(options: CommitmentsOptions, shell: Shell): Promise<number> {
  const client = await connect(options, shell);
  const all = options.all ? "true" : undefined;
  const rows = await client.commitments({ agent: options.agent, all, limit: SHOWN_MAX });
  if (options.json) {
    shell.out.write(`${JSON.stringify(rows)}\n`);
    return EXIT.ok;
  }
  if (rows.length === 0) {
    shell.out.write(options.all ? "No tool has begun anything.\n" : "Nothing goes on costing.\n");
    return EXIT.ok;
  }
  const output = { paint: paintFor(shell, shell.out), columns: shell.out.columns };
  shell.out.write(`${renderTable(rows, COLUMNS, output)}${totalOf(rows)}\n`);
  return EXIT.ok;
}

/** What all of it costs together. */
function totalOf(rows: readonly CommitmentView[]): string {
  const going = rows.filter(({ state }) => state !== "ended");
  const sum = (of: (row: CommitmentView) => string) =>
    formatUsd(going.reduce((total, row) => total + (parseUsd(of(row)) ?? 0n), 0n));
  const money = `$${sum((row) => row.usd_per_hour)} an hour, $${sum((row) => row.usd_per_day)} a day`;
  return `${going.length} at ${money}`;
}

export interface EndOptions extends Asking {
  readonly reason: string;
}

export async function endCommitment(
  id: string,
  { reason, ...options }: EndOptions,
  shell: Shell,
): Promise<number> {
  const client = await connect(options, shell);
  const ended = await client.endCommitment(id, reason);
  const text = `Ended ${clean(ended.id)}, which has cost $${ended.accrued_usd}.\n`;
  shell.out.write(options.json ? `${JSON.stringify(ended)}\n` : text);
  return EXIT.ok;
}
