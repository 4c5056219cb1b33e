/** `slipclutch journal`: what was asked, decided and spent; and whether it is what was written. */
import type { ControlClient, EntryView, Params } from "../control/client.ts";
import { type Asking, connect } from "./connect.ts";
import { clean, type Paint, paintFor } from "./paint.ts";
import { EXIT, type Shell } from "./shell.ts";

const PAGE = "1000";

export interface JournalOptions extends Asking {
  readonly agent?: string;
  readonly task?: string;
  readonly code?: string;
  readonly decision?: string;
  readonly kind?: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit: string;
  readonly all?: boolean;
}

export async function showJournal(options: JournalOptions, shell: Shell): Promise<number> {
  const client = await connect(options, shell);
  const { agent, task, code, decision, kind, from, to } = options;
  const filter = { agent, task, code, decision, kind, from, to };
  const paint = paintFor(shell, shell.out);
  for await (const entry of entriesOf(client, filter, options)) {
    shell.out.write(`${options.json ? JSON.stringify(entry) : lineOf(entry, paint)}\n`);
  }
  return EXIT.ok;
}

async function* entriesOf(
  client: ControlClient,
  filter: Params,
  { all, limit }: JournalOptions,
): AsyncIterable<EntryView> {
  if (!all) {
    yield* (await client.journal({ ...filter, limit })).entries;
    return;
  }
  for (let after: number | null = 0; after !== null; ) {
    const page = await client.journal({ ...filter, after: String(after), limit: PAGE });
    yield* page.entries;
    after = page.next;
  }
}

/** One entry in one line: when, what, who, and the number that matters most. */
function lineOf(entry: EntryView, paint: Paint): string {
  const { event } = entry;
  const money = typeof event.charged_usd === "string" ? `$${event.charged_usd}` : null;
  const asked = askedOf(event);
  const style = entry.code === null ? null : "red";
  const what = entry.code === null ? entry.kind : `${entry.kind} ${entry.code}`;
  const parts = [
    paint("dim", entry.at),
    style ? paint(style, clean(what)) : clean(what),
    ...[entry.agent, entry.task, asked, money, entry.decision]
      .filter((text) => text !== null)
      .map(clean),
  ];
  return parts.join("  ");
}

/** As many digits of the arguments' digest as tell calls apart in one look. */
const DIGEST_DIGITS = 12;

/** The model; or the tool on its server, and which arguments: equal ones have an equal digest. */
function askedOf(event: EntryView["event"]): string | null {
  const { asked, kind, path, tool } = event;
  if (kind === "result.unallowed") return typeof tool === "string" ? tool : null;
  if (kind === "policy.asked") return typeof path === "string" ? path : null;
  if (typeof asked !== "object" || asked === null) return null;
  if ("model" in asked) return typeof asked.model === "string" ? asked.model : null;
  if (!("tool" in asked && "server" in asked && "digest" in asked)) return null;
  const server = asked.server === "" ? "" : `${String(asked.server)}__`;
  return `${server}${String(asked.tool)} ${String(asked.digest).slice(0, DIGEST_DIGITS)}`;
}

/** Exit code 1, and the first entry that is bad, if the journal is not what was written. */
export async function verify(options: Asking, shell: Shell): Promise<number> {
  const client = await connect(options, shell);
  const verified = await client.verifyJournal();
  const exitCode = verified.ok ? EXIT.ok : EXIT.no;
  if (options.json) {
    shell.out.write(`${JSON.stringify(verified)}\n`);
    return exitCode;
  }
  const paint = paintFor(shell, shell.out);
  if (verified.ok) {
    const { entries, writers, anchors, gaps } = verified;
    const counts = `${entries} entries of ${writers} writers, ${anchors} checkpoints, ${gaps} gaps`;
    shell.out.write(`${paint("green", "The journal is what was written:")} ${counts}.\n`);
    return exitCode;
  }
  const { what, writer, no, position, why } = verified.bad;
  const where = position === null ? "" : ` at position ${position}`;
  const named = what === "entry" ? "entry" : "checkpoint";
  shell.out.write(
    `${paint("red", "The journal is not what was written.")}\n` +
      `The first bad ${named}: number ${no} of writer ${clean(writer)}${where}.\n${clean(why)}\n`,
  );
  return exitCode;
}
