/** The command line: which commands there are. What a command does is loaded when it is called. */

import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { addBudgets } from "./budget-commands.ts";
import { addAgents, addBreakers, addIncidents, addReviews } from "./clutch-commands.ts";
import type { CommitmentsOptions, EndOptions } from "./commitments.ts";
import type { Asking } from "./connect.ts";
import type { DemoOptions } from "./demo.ts";
import { failure } from "./failure.ts";
import type { ReleaseOptions } from "./forfeits.ts";
import { addManifest } from "./manifest-commands.ts";
import { addNotifiers } from "./notifier-commands.ts";
import { asking, type Do, example, type Work } from "./parts.ts";
import { addPolicy } from "./policy-commands.ts";
import { EXIT, type Shell } from "./shell.ts";
import { addTasks } from "./task-commands.ts";

/** Runs the command that the arguments name. Never rejects: the answer is the exit code. */
export async function run(shell: Shell): Promise<number> {
  let exitCode: number = EXIT.ok;
  const work = async (job: Work): Promise<void> => {
    exitCode = await job();
  };
  const program = programFor(shell, work);
  try {
    await program.parseAsync(shell.args, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return failure(error, shell);
  }
}

function programFor(shell: Shell, work: Do): Command {
  const program = new Command("slipclutch")
    .description("A gateway with production guardrails for AI agents.")
    .version(shell.version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => shell.out.write(text),
      writeErr: (text) => shell.err.write(text),
      getOutHelpWidth: () => Math.min(shell.out.columns, HELP_COLUMNS_MAX),
      getErrHelpWidth: () => Math.min(shell.err.columns, HELP_COLUMNS_MAX),
    })
    .showHelpAfterError("(--help shows what there is)");
  addStart(program, shell, work);
  addDemo(program, shell, work);
  addFolderCommands(program, shell, work);
  addManifest(program, shell, work);
  addPolicy(program, shell, work);
  addReading(program, shell, work);
  addJournal(program, shell, work);
  addKeys(program, shell, work);
  addTasks(program, shell, work);
  addAgents(program, shell, work);
  addReviews(program, shell, work);
  addIncidents(program, shell, work);
  addBreakers(program, shell, work);
  addCommitments(program, shell, work);
  addNotifiers(program, shell, work);
  addForfeits(program, shell, work);
  addFlags(program, shell, work);
  return program;
}

const HELP_COLUMNS_MAX = 100;

const PORT_MAX = 65_535;

function port(text: string): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= PORT_MAX) return value;
  throw new InvalidArgumentError(`A port is a number from 0 to ${PORT_MAX}.`);
}

function addStart(program: Command, shell: Shell, work: Do): void {
  const command = program
    .command("start")
    .description("Run a gateway until it is told to stop.")
    .option("--config <folder>", "guardrails folder (a starter configuration without one)")
    .addOption(
      new Option("--git <url>", "guardrails from this Git remote instead").conflicts("config"),
    )
    .option("--ref <name>", "the branch or tag of it that is followed")
    .option("--path <folder>", "where in the repository the guardrails folder is (its root)")
    .option("--deploy-key <file>", "private key for a remote over ssh")
    .option("--known-hosts <file>", "hosts that ssh trusts (those of the user)")
    .option("--poll <duration>", "how often the remote is asked (30s)")
    .option("--data <folder>", "where the gateway keeps its data (.slipclutch)")
    .option("--store <url>", "postgres://… to share budgets between gateways")
    .option("--agent-port <port>", "port for agents; 0 takes any free one", port)
    .option("--control-port <port>", "port for operators; 0 takes any free one", port)
    .option("--json", "one line of JSON once it is ready");
  example(
    command,
    "slipclutch start --config ./guardrails --data ./data",
    "slipclutch start --git git@github.com:acme/guardrails.git --ref main --deploy-key ./key",
  ).action((options) => work(async () => (await import("./start.ts")).runStart(options, shell)));
}

function addDemo(program: Command, shell: Shell, work: Do): void {
  const demo = program.command("demo").description("Stories to watch, played by real processes.");
  const loop = demo
    .command("retry-loop")
    .description("A tool breaks and an agent asks it again and again: unguarded, and guarded.")
    .option("--keep", "leave the review to you; ctrl-c ends it")
    .addOption(new Option("--json", "the figures as the last line").conflicts("keep"));
  example(loop, "slipclutch demo retry-loop").action((options: DemoOptions) =>
    work(async () => (await import("./demo.ts")).runRetryLoop(options, shell)),
  );
  const optimizer = demo
    .command("optimizer")
    .description("An agent begins 500 services that cost by the hour: unguarded, and guarded.")
    .option("--json", "the figures as the last line");
  example(optimizer, "slipclutch demo optimizer").action((options: { json?: boolean }) =>
    work(async () => (await import("./demo-optimizer.ts")).runOptimizer(options, shell)),
  );
}

function addFolderCommands(program: Command, shell: Shell, work: Do): void {
  const check = program
    .command("check")
    .description("Validate a guardrails folder exactly as the gateway does.")
    .option("--config <folder>", "guardrails folder", "guardrails")
    .option("--json", "for programs");
  example(check, "slipclutch check --config ./guardrails").action((options) =>
    work(async () => (await import("./folder.ts")).checkFolder(options, shell)),
  );
  const init = program
    .command("init [folder]")
    .description("Write a guardrails folder to begin with. Never overwrites.");
  example(init, "slipclutch init ./guardrails").action((folder: string | undefined) =>
    work(async () => (await import("./folder.ts")).initFolder(folder ?? "guardrails", shell)),
  );
}

function addReading(program: Command, shell: Shell, work: Do): void {
  const status = asking(program, "status", "How the gateway is.");
  example(status, "slipclutch status --json").action((options: Asking) =>
    work(async () => (await import("./status.ts")).showStatus(options, shell)),
  );
  const top = asking(program, "top", "Agents, spend and reviews as they are now; Ctrl-C ends it.");
  example(top, "slipclutch top", "slipclutch top --json").action((options: Asking) =>
    work(async () => (await import("./top.ts")).runTop(options, shell)),
  );
  addBudgets(program, shell, work);
  const explain = asking(program, "explain <decision>", "Why a call was let through or refused.");
  example(
    explain,
    "slipclutch explain d-1a2b3c4d5e6f7081-1   # the id in the header x-slipclutch-decision",
  ).action((id: string, options: Asking) =>
    work(async () => (await import("./explain.ts")).showDecision(id, options, shell)),
  );
  const reload = asking(program, "reload", "Read the guardrails folder again.");
  example(reload, "slipclutch check && slipclutch reload").action((options: Asking) =>
    work(async () => (await import("./status.ts")).reload(options, shell)),
  );
}

function addJournal(program: Command, shell: Shell, work: Do): void {
  const journal = asking(program, "journal", "What was asked, decided and spent, newest last.")
    .option("--agent <id>", "only of this agent")
    .option("--task <id>", "only of this task")
    .option("--code <code>", "only refusals with this code")
    .option("--decision <id>", "only of this decision")
    .option("--kind <kind>", "only events of this kind, like call.settled")
    .option("--from <time>", "ISO time, or 15m, 24h, 7d for so long ago")
    .option("--to <time>", "the same")
    .option("--limit <count>", "at most so many entries; the newest ones", "50")
    .option("--all", "every entry that matches, oldest first");
  example(journal, "slipclutch journal --agent support --code budget.exhausted --from 24h").action(
    (options) => work(async () => (await import("./journal.ts")).showJournal(options, shell)),
  );
  const verify = asking(journal, "verify", "Is the journal what was written? Exit code 1 if not.");
  example(verify, "slipclutch journal verify").action((_options, command: Command) =>
    work(async () => (await import("./journal.ts")).verify(command.optsWithGlobals(), shell)),
  );
}

function addKeys(program: Command, shell: Shell, work: Do): void {
  const keys = program.command("keys").description("Keys of agents and tokens of operators.");
  const create = asking(keys, "create", "Make a key; it is shown this once.")
    .addOption(new Option("--agent <id>", "a key for this agent").conflicts("operator"))
    .option("--operator <name>", "a token for this operator")
    .addOption(
      new Option("--role <role>", "of the operator").choices(["viewer", "operator", "admin"]),
    )
    .option("--expires-in <duration>", "like 12h or 30d; without it the key does not expire");
  example(
    create,
    "slipclutch keys create --agent support",
    "slipclutch keys create --operator jo --role viewer --expires-in 30d",
  ).action((options) => work(async () => (await import("./keys.ts")).createKey(options, shell)));
  const list = asking(keys, "list", "Keys that are not revoked.").option(
    "--all",
    "revoked ones too",
  );
  example(list, "slipclutch keys list").action((options) =>
    work(async () => (await import("./keys.ts")).listKeys(options, shell)),
  );
  const revoke = asking(keys, "revoke <id>", "End a key at once.");
  example(revoke, "slipclutch keys revoke key_1a2b3c").action((id: string, options: Asking) =>
    work(async () => (await import("./keys.ts")).revokeKey(id, options, shell)),
  );
}

function addCommitments(program: Command, shell: Shell, work: Do): void {
  const about = "What tools have begun and goes on costing.";
  const commitments = asking(program, "commitments", about)
    .option("--agent <id>", "only of this agent")
    .option("--all", "ended ones too");
  example(commitments, "slipclutch commitments --agent optimizer").action(
    (options: CommitmentsOptions) =>
      work(async () => (await import("./commitments.ts")).listCommitments(options, shell)),
  );
  const end = asking(commitments, "end <id>", "Say that one is gone: it costs nothing any more.")
    // Nobody else looks: if it still runs, nothing counts it from then on.
    .requiredOption("--reason <text>", "how you know; the journal keeps it");
  example(
    end,
    'slipclutch commitments end d-1a2b3c4d5e6f7081-1 --reason "not in the console"',
  ).action((id: string, _options, command: Command) =>
    work(async () => {
      const options: EndOptions = command.optsWithGlobals();
      return (await import("./commitments.ts")).endCommitment(id, options, shell);
    }),
  );
}

function addForfeits(program: Command, shell: Shell, work: Do): void {
  const forfeits = asking(
    program,
    "forfeits",
    "What gateways that died had held: charged until it is released.",
  ).option("--released", "past releases instead");
  example(forfeits, "slipclutch forfeits").action((options) =>
    work(async () => (await import("./forfeits.ts")).showForfeits(options, shell)),
  );
  const release = asking(forfeits, "release", "Give back what was not billed of it.")
    .requiredOption("--holder <id>", "the gateway that died, as the list names it")
    .option("--budget <name>", "only of this budget")
    .option("--scope <scope>", "only of this account of the budget")
    .option("--billed-usd <usd>", "what the provider billed of it: stays charged")
    .option("--billed-tokens <n>", "the same, of budgets that count tokens")
    .option("--billed-calls <n>", "the same, of budgets that count calls")
    .option("--without-evidence", "though it may still be billed: the budget may be overspent")
    .requiredOption("--reason <text>", "why; the journal keeps it");
  example(
    release,
    'slipclutch forfeits release --holder 4f1c… --billed-usd 0.42 --reason "bill of 3 May"',
  ).action((_options, command: Command) =>
    work(async () => {
      const options: ReleaseOptions = command.optsWithGlobals();
      return (await import("./forfeits.ts")).releaseForfeits(options, shell);
    }),
  );
}

function addFlags(program: Command, shell: Shell, work: Do): void {
  const flags = program
    .command("model-flags")
    .description("Models reserved in full because they billed above their bound once.");
  const list = asking(flags, "list", "Models that are flagged.");
  example(list, "slipclutch model-flags list").action((options: Asking) =>
    work(async () => (await import("./tasks.ts")).listFlags(options, shell)),
  );
  const clear = asking(flags, "clear <provider> <model>", "Trust the model's bound again.")
    // A reason is in the journal with who gave it.
    .requiredOption("--reason <text>", "why it can be trusted again");
  example(
    clear,
    'slipclutch model-flags clear openai gpt-5 --reason "fixed by the provider"',
  ).action((provider: string, model: string, options: Asking & { reason: string }) =>
    work(async () => (await import("./tasks.ts")).clearFlag({ provider, model }, options, shell)),
  );
}
