/** `slipclutch forfeits`: what dead processes had held, and giving it back. */
import { systemChance } from "../compose/process.ts";
import type { ForfeitView, ReleasedView, ReleaseView } from "../control/client.ts";
import { type Asking, connect } from "./connect.ts";
import { type Column, clean, paintFor, renderTable } from "./paint.ts";
import { CommandError, EXIT, type Shell } from "./shell.ts";

const ID_BYTES = 8;

const FORFEIT_COLUMNS: readonly Column<ForfeitView>[] = [
  { title: "holder", text: (row) => row.holder },
  { title: "process", text: (row) => `${row.host} ${row.pid}` },
  { title: "fenced", text: (row) => row.fenced_at ?? "–" },
  { title: "budget", text: (row) => row.budget },
  { title: "scope", text: (row) => row.scope || "–" },
  { title: "until", text: (row) => row.window_ends_at ?? "–" },
  { title: "forfeited $", text: (row) => row.forfeited_usd, align: "right" },
  { title: "evidence", text: (row) => row.evidence ?? `missing: ${row.missing}` },
];

const RELEASE_COLUMNS: readonly Column<ReleaseView>[] = [
  { title: "when", text: (row) => row.at },
  { title: "holder", text: (row) => row.holder },
  { title: "budget", text: (row) => row.budget },
  { title: "scope", text: (row) => row.scope || "–" },
  { title: "released $", text: (row) => row.released_usd, align: "right" },
  { title: "billed $", text: (row) => row.billed_usd, align: "right" },
  { title: "evidence", text: (row) => row.evidence },
  { title: "by", text: (row) => row.operator },
  { title: "reason", text: (row) => row.reason },
];

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
    ? releases.length > 0 && renderTable(releases, RELEASE_COLUMNS, output)
    : forfeits.length > 0 && renderTable(forfeits, FORFEIT_COLUMNS, output);
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
  readonly withoutEvidence?: boolean;
  readonly reason: string;
}

export async function releaseForfeits(options: ReleaseOptions, shell: Shell): Promise<number> {
  const { billedUsd, budget, holder, json, reason, scope, withoutEvidence } = options;
  if (billedUsd === undefined && !withoutEvidence) {
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
    ...(billedUsd === undefined ? {} : { billed_usd: billedUsd }),
    ...(withoutEvidence ? { without_evidence: true } : {}),
    reason,
  });
  shell.out.write(json ? `${JSON.stringify(released)}\n` : textOf(released, shell));
  return EXIT.ok;
}

function textOf({ releases }: ReleasedView, shell: Shell): string {
  const paint = paintFor(shell, shell.out);
  const lines = releases.map((release) => {
    const { billed_usd, budget, evidence, may_overspend_usd, released_usd, scope } = release;
    const where = clean(scope === "" ? budget : `${budget} of ${scope}`);
    const done = `${where}: $${released_usd} released, $${billed_usd} stays charged.`;
    if (evidence === "gone") return done;
    return `${done} ${paint("red", `It may be overspent by $${may_overspend_usd}.`)}`;
  });
  return `${lines.join("\n")}\n`;
}
