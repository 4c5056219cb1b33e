/** `slipclutch agents`: who runs and who is paused, pausing, and letting go on. */
import type { AgentView } from "../control/client.ts";
import { type Asking, connect } from "./connect.ts";
import { type Column, clean, paintFor, renderTable } from "./paint.ts";
import { CommandError, EXIT, type Shell } from "./shell.ts";

const AGENT_COLUMNS: readonly Column<AgentView>[] = [
  { title: "agent", text: (row) => row.agent },
  {
    title: "clutch",
    text: (row) => row.clutch,
    style: (row) => (row.clutch === "engaged" ? "green" : "red"),
  },
  { title: "since", text: (row) => row.since ?? "–" },
  { title: "review", text: (row) => row.review ?? "–" },
  { title: "task that goes on", text: (row) => row.task ?? "–" },
  { title: "calls held here", text: (row) => String(row.held), align: "right" },
];

export async function listAgents(options: Asking, shell: Shell): Promise<number> {
  const client = await connect(options, shell);
  show(await client.agents(), options, shell);
  return EXIT.ok;
}

function show(agents: readonly AgentView[], options: Asking, shell: Shell): void {
  if (options.json) {
    shell.out.write(`${JSON.stringify(agents)}\n`);
    return;
  }
  const output = { paint: paintFor(shell, shell.out), columns: shell.out.columns };
  const text = agents.length === 0 ? "No agents.\n" : renderTable(agents, AGENT_COLUMNS, output);
  shell.out.write(text);
}

export interface PauseOptions extends Asking {
  readonly all?: boolean;
  readonly reason: string;
}

export async function pauseAgents(
  agents: readonly string[],
  options: PauseOptions,
  shell: Shell,
): Promise<number> {
  const { all, reason } = options;
  if (agents.length > 0 === (all ?? false)) {
    const hint = "Name agents, or give --all.";
    throw new CommandError(EXIT.usage, "It is not clear which agents are to be paused.", hint);
  }
  const client = await connect(options, shell);
  const which = all ? ({ all: true } as const) : { agents };
  const paused = await client.pause({ ...which, reason });
  show(paused.agents, options, shell);
  return EXIT.ok;
}

/** Each agent's open review is resumed; one that is engaged already stays so. */
export async function resumeAgents(
  agents: readonly string[],
  options: Asking & { readonly reason: string },
  shell: Shell,
): Promise<number> {
  const client = await connect(options, shell);
  const before = await client.agents();
  const unknown = agents.find((name) => !before.some(({ agent }) => agent === name));
  if (unknown !== undefined) {
    const known = before.map(({ agent }) => agent).join(", ");
    const hint = `There are: ${known}.`;
    throw new CommandError(EXIT.no, `There is no agent ${clean(unknown)}.`, hint);
  }
  for (const { agent, review } of before) {
    if (review === null || !agents.includes(agent)) continue;
    const { version } = await client.review(review);
    const { reason } = options;
    await client.decideReview(review, { version, decision: "resume", reason });
  }
  const after = await client.agents();
  show(
    after.filter(({ agent }) => agents.includes(agent)),
    options,
    shell,
  );
  return EXIT.ok;
}
