/** `slipclutch notifiers`: where people are told, and whether it arrives. */
import type { NotifierView } from "../control/client.ts";
import { type Asking, connect } from "./connect.ts";
import { type Column, clean, paintFor, renderTable } from "./paint.ts";
import { EXIT, type Shell } from "./shell.ts";

const COLUMNS: readonly Column<NotifierView>[] = [
  { title: "notifier", text: (row) => row.name },
  { title: "kind", text: (row) => row.kind },
  { title: "tells of", text: routeOf },
  { title: "sent", text: (row) => String(row.sent), align: "right" },
  {
    title: "pending",
    text: (row) => String(row.pending),
    align: "right",
    style: (row) => (row.pending > 0 ? "yellow" : null),
  },
  {
    title: "given up",
    text: (row) => String(row.given_up),
    align: "right",
    style: (row) => (row.given_up > 0 ? "red" : null),
  },
  { title: "last error", text: ({ last_error: last }) => (last === null ? "–" : last.error) },
];

/** `trip, alert of support-*, team payments` */
function routeOf({ agents, labels, on }: NotifierView): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label} ${value}`);
  const some = agents.includes("*") ? [] : [...agents];
  const of = [...some, ...pairs];
  return `${on.join(", ")}${of.length === 0 ? "" : ` of ${of.join(", ")}`}`;
}

export async function listNotifiers(options: Asking, shell: Shell): Promise<number> {
  const client = await connect(options, shell);
  const rows = await client.notifiers();
  if (options.json) {
    shell.out.write(`${JSON.stringify(rows)}\n`);
    return EXIT.ok;
  }
  if (rows.length === 0) {
    shell.out.write("Nobody is told: slipclutch.yaml has no notifiers.\n");
    return EXIT.ok;
  }
  const output = { paint: paintFor(shell, shell.out), columns: shell.out.columns };
  shell.out.write(renderTable(rows, COLUMNS, output));
  return EXIT.ok;
}

export async function testNotifier(name: string, options: Asking, shell: Shell): Promise<number> {
  const client = await connect(options, shell);
  const tested = await client.testNotifier(name);
  const { delivered, said } = tested;
  const came = delivered ? "took it" : "did not take it";
  const text = `${clean(name)} ${came}: ${clean(said)}\n`;
  shell.out.write(options.json ? `${JSON.stringify(tested)}\n` : text);
  return delivered ? EXIT.ok : EXIT.no;
}
