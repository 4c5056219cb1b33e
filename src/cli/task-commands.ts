/** The commands of tasks: what runs, and what it said. */
import type { Command } from "commander";
import type { Asking } from "./connect.ts";
import { asking, type Do, example } from "./parts.ts";
import type { Shell } from "./shell.ts";
import type { EraseOptions, TranscriptOptions } from "./transcripts.ts";

export function addTasks(program: Command, shell: Shell, work: Do): void {
  const tasks = program.command("tasks").description("Pieces of agents' work.");
  const list = asking(tasks, "list", "Tasks that are alive.")
    .option("--agent <id>", "only of this agent")
    .option("--all", "ended ones too");
  example(list, "slipclutch tasks list --agent support").action((options) =>
    work(async () => (await import("./tasks.ts")).listTasks(options, shell)),
  );
  const end = asking(tasks, "end <agent> <task>", "End a task as failed: its calls are refused.");
  example(end, "slipclutch tasks end support ticket-4711").action(
    (agent: string, task: string, options: Asking) =>
      work(async () => (await import("./tasks.ts")).endTask({ agent, task }, options, shell)),
  );
  addTranscripts(tasks, shell, work);
}

function addTranscripts(tasks: Command, shell: Shell, work: Do): void {
  const transcript = asking(
    tasks,
    "transcript <task>",
    "What a task said and was told, where that is kept. The journal says who read it.",
  )
    .option("--agent <id>", "of this agent; without it the task is looked for")
    .option("--out <file>", "into this file, which is not to be there yet");
  example(
    transcript,
    "slipclutch tasks transcript ticket-4711",
    "slipclutch tasks transcript ticket-4711 --json --out ticket-4711.json",
  ).action((task: string, options: TranscriptOptions) =>
    work(async () => (await import("./transcripts.ts")).showTranscript(task, options, shell)),
  );
  const erase = asking(
    tasks,
    "erase <task>",
    "Erase what a task said, and keep nothing of it from then on.",
  )
    .option("--agent <id>", "of this agent; without it the task is looked for")
    .requiredOption("--reason <text>", "why; the journal keeps it");
  example(erase, 'slipclutch tasks erase ticket-4711 --reason "the customer asked for it"').action(
    (task: string, options: EraseOptions) =>
      work(async () => (await import("./transcripts.ts")).eraseTranscript(task, options, shell)),
  );
}
