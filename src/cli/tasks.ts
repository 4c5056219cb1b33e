/** `slipclutch tasks` and `slipclutch model-flags`: what runs, and what is no longer trusted. */
import type { FlagView, TaskView } from "../control/client.ts";
import { type Asking, connect } from "./connect.ts";
import { type Column, clean, paintFor, renderTable } from "./paint.ts";
import { EXIT, type Shell } from "./shell.ts";

const TASKS_SHOWN_MAX = "1000";

const TASK_COLUMNS: readonly Column<TaskView>[] = [
  { title: "agent", text: (task) => task.agent },
  { title: "task", text: (task) => task.task },
  { title: "parent", text: (task) => task.parent ?? "–" },
  { title: "opened", text: (task) => task.opened_at },
  { title: "last seen", text: (task) => task.last_seen_at },
  { title: "ended", text: (task) => (task.ended_at ? `${task.ended_at} ${task.outcome}` : "–") },
];

export async function listTasks(
  options: Asking & { readonly agent?: string; readonly all?: boolean },
  shell: Shell,
): Promise<number> {
  const client = await connect(options, shell);
  const alive = options.all ? undefined : "true";
  const tasks = await client.tasks({ agent: options.agent, alive, limit: TASKS_SHOWN_MAX });
  if (options.json) {
    shell.out.write(`${JSON.stringify(tasks)}\n`);
    return EXIT.ok;
  }
  const columns = options.all ? TASK_COLUMNS : TASK_COLUMNS.slice(0, -1);
  const output = { paint: paintFor(shell, shell.out), columns: shell.out.columns };
  shell.out.write(tasks.length === 0 ? "No tasks.\n" : renderTable(tasks, columns, output));
  return EXIT.ok;
}

export async function endTask(
  which: { readonly agent: string; readonly task: string },
  options: Asking,
  shell: Shell,
): Promise<number> {
  const client = await connect(options, shell);
  const ended = await client.endTask(which.agent, which.task);
  const sentence = `Task ${clean(which.task)} of ${clean(which.agent)} has ended as failed.`;
  shell.out.write(`${options.json ? JSON.stringify(ended) : sentence}\n`);
  return EXIT.ok;
}

const FLAG_COLUMNS: readonly Column<FlagView>[] = [
  { title: "provider", text: (flag) => flag.provider },
  { title: "model", text: (flag) => flag.model },
  { title: "billed too much", text: (flag) => flag.what },
  { title: "since", text: (flag) => flag.since },
  { title: "call", text: (flag) => flag.call },
];

export async function listFlags(options: Asking, shell: Shell): Promise<number> {
  const client = await connect(options, shell);
  const flags = await client.modelFlags();
  if (options.json) {
    shell.out.write(`${JSON.stringify(flags)}\n`);
    return EXIT.ok;
  }
  const output = { paint: paintFor(shell, shell.out), columns: shell.out.columns };
  const text = flags.length === 0 ? "No model is flagged.\n" : null;
  shell.out.write(text ?? renderTable(flags, FLAG_COLUMNS, output));
  return EXIT.ok;
}

export async function clearFlag(
  which: { readonly provider: string; readonly model: string },
  options: Asking & { readonly reason: string },
  shell: Shell,
): Promise<number> {
  const client = await connect(options, shell);
  const cleared = await client.clearModelFlag(which.provider, which.model, options.reason);
  const sentence = `${clean(which.provider)} ${clean(which.model)} is trusted again.`;
  shell.out.write(`${options.json ? JSON.stringify(cleared) : sentence}\n`);
  return EXIT.ok;
}
