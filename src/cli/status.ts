/** `slipclutch status` and `slipclutch reload`. */
import { explainIssue } from "../config/explain.ts";
import type { StatusView } from "../control/client.ts";
import { type Asking, connect } from "./connect.ts";
import { clean, paintFor } from "./paint.ts";
import { EXIT, type Shell } from "./shell.ts";

/** Exit code 0 if calls are admitted, else 1. */
export async function showStatus(options: Asking, shell: Shell): Promise<number> {
  const client = await connect(options, shell);
  const status = await client.status();
  const exitCode = status.ready ? EXIT.ok : EXIT.no;
  if (options.json) {
    shell.out.write(`${JSON.stringify(status)}\n`);
    return exitCode;
  }
  const paint = paintFor(shell, shell.out);
  const { store } = status;
  const up = store.up ? "answers" : "does not answer";
  const rows: readonly (readonly [string, string])[] = [
    ["agents", `${status.agent_url}  (${status.agents.join(", ") || "none"})`],
    ...(status.agents_paused.length === 0
      ? []
      : [["agents paused", status.agents_paused.join(", ")] as const]),
    ["operators", status.control_url],
    ["providers", status.providers.map(({ name, kind }) => `${name} (${kind})`).join(", ")],
    ["configuration", status.configuration],
    ...gitRows(status),
    ["store", `${store.kind}, ${up}, heartbeat ${store.heartbeat_age_ms} ms ago`],
    ["gateways", String(store.gateways)],
    ["calls in flight", String(status.calls_in_flight)],
    ["models flagged", String(status.models_flagged)],
    ["prices from", status.prices_from],
    ["process", `${status.host} ${status.pid}, since ${status.started_at}`],
  ];
  const state = status.ready
    ? paint("green", "ready")
    : paint("red", `not ready: ${clean(status.because ?? "")}`);
  const widest = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, text]) => `${paint("dim", name.padEnd(widest))}  ${clean(text)}`);
  shell.out.write(`Slipclutch ${clean(status.version)} is ${state}\n${lines.join("\n")}\n`);
  return exitCode;
}

type Row = readonly [string, string];

/** Where the folder comes from, and what is wrong there. */
function gitRows({ commit, remote }: StatusView): readonly Row[] {
  if (remote === null) return [];
  const rows: Row[] = [["commit", commit ?? "none"]];
  const { lost, rejected, source } = remote;
  const answered = `answered ${remote.answered_at ?? "never"}`;
  rows.push(["git", `${source}, ${lost === null ? answered : `lost since ${lost.since}`}`]);
  if (lost !== null) rows.push(["git says", `${lost.because}; ${answered}`]);
  if (rejected !== null) {
    const [first] = rejected.issues;
    const issue = first === undefined ? "" : `: ${explainIssue(first)}`;
    rows.push(["not taken", `${rejected.commit} (${rejected.issues.length} issues)${issue}`]);
  }
  return rows;
}

export async function reload(options: Asking, shell: Shell): Promise<number> {
  const client = await connect(options, shell);
  const reloaded = await client.reload();
  const { changed, from, to } = reloaded;
  const sentence = changed ? `Now ${to}, before ${from}.` : `Nothing changed: ${to}.`;
  shell.out.write(`${options.json ? JSON.stringify(reloaded) : clean(sentence)}\n`);
  return EXIT.ok;
}
