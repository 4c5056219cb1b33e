/** `slipclutch forfeits`: what dead processes had held, and giving it back. */
import { systemChance } from "../compose/process.ts";
import type { ForfeitView, ReleasedView, ReleaseView } from "../control/client.ts";
import { amountOf } from "../guards/budget/unit.ts";
import { amountColumn, amountText, unitColumn } from "./amounts.ts";
import { type Asking, connect } from "./connect.ts";
import { type Column, clean, paintFor, renderTable } from "./paint.ts";
import { CommandError, EXIT, type Shell } from "./shell.ts";

const ID_BYTES = 8;

function forfeitColumns(rows: readonly ForfeitView[]): readonly Column<ForfeitView>[] {
  return [
    { title: "holder", text: (row) => row.holder },
    { title: "process", text: (row) => `${row.host} ${row.pid}` },
    { title: "fenced", text: (row) => row.fenced_at ?? "–" },
    { title: "budget", text: (row) => row.budget },
    { title: "scope", text: (row) => row.scope || "–" },
    { title: "until", text: (row) => row.window_ends_at ?? "–" },
    ...unitColumn(rows),
    amountColumn(rows, "forfeited"),
    { title: "evidence", text: (row) => row.evidence ?? `missing: ${row.missing}` },
  ];
}

function releaseColumns(rows: readonly ReleaseView[]): readonly Column<ReleaseView>[] {
  return [
    { title: "when", text: (row) => row.at },
    { title: "holder", text: (row) => row.holder },
    { title: "budget", text: (row) => row.budget },
    { title: "scope", text: (row) => row.scope || "–" },
    ...unitColumn(rows),
    amountColumn(rows, "released"),
    amountColumn(rows, "billed"),
    { title: "evidence", text: (row) => row.evidence },
    { title: "by", text: (row) => row.operator },
    { title: "reason", text: (row) => row.reason },
  ];
}

export async function showForfeits(
  options: Asking & { readonly released?: boolean },
  shell: Shell,
): Promise<number> {
  const client = await connect(options, shell);
  const all = await client.forfeits();
  if (options.json) {
    shell.out.write(`${JSON.stringify(all)}\n`);
    return EXIT.ok;
  }
  const output = { paint: paintFor(shell, shell.out), columns: shell.out.columns };
  const { forfeits, releases } = all;
  const text = options.released
    ? releases.length > 0 && renderTable(releases, releaseColumns(releases), output)
    : forfeits.length > 0 && renderTable(forfeits, forfeitColumns(forfeits), output);
  shell.out.write(
    text || (options.released ? "Nothing was released.\n" : "Nothing is forfeited.\n"),
  );
  return EXIT.ok;
}

export interface ReleaseOptions extends Asking {
  readonly holder: string;
  readonly budget?: string;
  readonly scope?: string;
  readonly billedUsd?: string;
  readonly billedTokens?: string;
  readonly billedCalls?: string;
  readonly withoutEvidence?: boolean;
  readonly reason: string;
}

export async function releaseForfeits(options: ReleaseOptions, shell: Shell): Promise<number> {
  const { budget, holder, json, reason, scope, withoutEvidence } = options;
  const billed = billedOf(options);
  if (Object.keys(billed).length === 0 && !withoutEvidence) {
    const hint =
      "Give --billed-usd X, what the provider's bill shows of that process, or --without-evidence.";
    throw new CommandError(EXIT.usage, "It is not clear what has to stay charged.", hint);
  }
  const client = await connect(options, shell);
  const released = await client.releaseForfeits({
    id: `rel_${systemChance.hex(ID_BYTES)}`,
    holder,
    ...(budget === undefined ? {} : { budget }),
    ...(scope === undefined ? {} : { scope }),
    ...billed,
    ...(withoutEvidence ? { without_evidence: true } : {}),
    reason,
  });
  shell.out.write(json ? `${JSON.stringify(released)}\n` : textOf(released, shell));
  return EXIT.ok;
}

/** What stays charged, in the unit that it was given in. */
function billedOf({ billedCalls, billedTokens, billedUsd }: ReleaseOptions) {
  return {
    ...(billedUsd === undefined ? {} : { billed_usd: billedUsd }),
    ...(billedTokens === undefined ? {} : { billed_tokens: billedTokens }),
    ...(billedCalls === undefined ? {} : { billed_calls: billedCalls }),
  };
}

function textOf({ releases }: ReleasedView, shell: Shell): string {
  const paint = paintFor(shell, shell.out);
  const lines = releases.map((release) => {
    const { budget, evidence, scope, unit } = release;
    const [released, billed, over] = (["released", "billed", "may_overspend"] as const).map(
      (name) => amountText(unit, amountOf(release, name)),
    );
    const where = clean(scope === "" ? budget : `${budget} of ${scope}`);
    const done = `${where}: ${released} released, still charged: ${billed}.`;
    if (evidence === "gone") return done;
    return `${done} ${paint("red", `It may be overspent by ${over}.`)}`;
  });
  return `${lines.join("\n")}\n`;
}
