/** The commands of the clutch: agents that are paused, and the reviews that people decide. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { DecisionRequest } from "../control/client.ts";
import type { PauseOptions } from "./agents.ts";
import type { ReplayOptions } from "./breakers.ts";
import type { Asking } from "./connect.ts";
import type { ExportOptions } from "./incident-cases.ts";
import type { TestOptions } from "./incident-test.ts";
import type { IncidentsOptions } from "./incidents.ts";
import { asking, type Do, example } from "./parts.ts";
import type { DecideOptions, ReviewsOptions } from "./reviews.ts";
import type { Shell } from "./shell.ts";

export function addAgents(program: Command, shell: Shell, work: Do): void {
  const agents = asking(program, "agents", "Who runs, and who is paused.");
  example(agents, "slipclutch agents").action((options: Asking) =>
    work(async () => (await import("./agents.ts")).listAgents(options, shell)),
  );
  const pause = asking(agents, "pause [agents...]", "Stop agents at every gateway; calls wait.")
    .option("--all", "every agent")
    .requiredOption("--reason <text>", "why; the review and the journal keep it");
  example(
    pause,
    'slipclutch agents pause support --reason "answers look wrong"',
    'slipclutch agents pause --all --reason "incident 12"',
  ).action((names: string[], _options, command: Command) =>
    work(async () => {
      const options: PauseOptions = command.optsWithGlobals();
      return (await import("./agents.ts")).pauseAgents(names, options, shell);
    }),
  );
  const resume = asking(agents, "resume <agents...>", "Let agents go on: resumes their reviews.")
    // A reason is in the journal with who gave it.
    .requiredOption("--reason <text>", "why; the review and the journal keep it");
  example(resume, 'slipclutch agents resume support --reason "false alarm"').action(
    (names: string[], _options, command: Command) =>
      work(async () => {
        const options: Asking & { reason: string } = command.optsWithGlobals();
        return (await import("./agents.ts")).resumeAgents(names, options, shell);
      }),
  );
}

export function addBreakers(program: Command, shell: Shell, work: Do): void {
  const breakers = program.command("breakers").description("What agents' behaviour is held to.");
  const replay = breakers
    .command("replay")
    .description(
      "When rules would have tripped over what happened before. Exit code 1 if none can be held against it.",
    )
    .requiredOption("--events <file>", "lines of JSON: calls of minutes, or entries of the journal")
    .option("--rule <file>", "a rule, a list of rules, or a slipclutch.yaml (the default rules)")
    .option("--json", "for programs: a line of JSON for each trip");
  example(
    replay,
    "slipclutch breakers replay --events calls.ndjson --rule rule.yaml",
    "slipclutch journal --all --json --from 7d > calls.ndjson",
  ).action((options: ReplayOptions) =>
    work(async () => (await import("./breakers.ts")).replayBreakers(options, shell)),
  );
}

export function addReviews(program: Command, shell: Shell, work: Do): void {
  const reviews = asking(program, "reviews", "Why agents were paused: what waits for a person.")
    .option("--agent <id>", "only of this agent")
    .option("--all", "closed ones too");
  example(reviews, "slipclutch reviews").action((options: ReviewsOptions) =>
    work(async () => (await import("./reviews.ts")).listReviews(options, shell)),
  );
  const show = asking(reviews, "show <id>", "One review with its evidence and decisions.");
  example(show, "slipclutch reviews show r-1a2b3c4d5e6f7081").action(
    (id: string, _options, command: Command) =>
      work(async () =>
        (await import("./reviews.ts")).showReview(id, command.optsWithGlobals(), shell),
      ),
  );
  for (const verb of VERBS) addDecision(reviews, shell, work, verb);
  addAgree(reviews, shell, work);
  addCall(reviews, shell, work);
}

export function addIncidents(program: Command, shell: Shell, work: Do): void {
  const incidents = asking(program, "incidents", "Trips looked back at: cost, timeline, changes.")
    .option("--agent <id>", "only of this agent")
    .option("--open", "only those that a person has not closed");
  example(incidents, "slipclutch incidents").action((options: IncidentsOptions) =>
    work(async () => (await import("./incidents.ts")).listIncidents(options, shell)),
  );
  const show = asking(incidents, "show <id>", "One incident with its timeline and what it cost.");
  example(show, "slipclutch incidents show i-1a2b3c4d5e6f7081").action(
    (id: string, _options, command: Command) =>
      work(async () =>
        (await import("./incidents.ts")).showIncident(id, command.optsWithGlobals(), shell),
      ),
  );
  const note = asking(incidents, "note <id> <text>", "Write something about it; it is kept.");
  example(note, 'slipclutch incidents note i-1a2b3c4d5e6f7081 "The provider had a bug."').action(
    (id: string, text: string, _options, command: Command) =>
      work(async () =>
        (await import("./incidents.ts")).noteIncident(id, text, command.optsWithGlobals(), shell),
      ),
  );
  addCases(incidents, shell, work);
}

function addCases(incidents: Command, shell: Shell, work: Do): void {
  const take = asking(incidents, "export <id>", "One incident as a case to test rules with.")
    .option("--out <file>", "where it is written, if nothing is there (standard output)")
    .addOption(
      new Option("--by <call>", "to be stopped from this call of the runaway on").conflicts(
        "within",
      ),
    )
    .option("--within <duration>", "to be stopped so long after its first call, like 30s")
    .option("--no-arguments", "without what the calls asked");
  example(
    take,
    "slipclutch incidents export i-1a2b3c4d5e6f7081 --by 5 --out guardrails/incidents/empty-file.json",
  ).action((id: string, _options, command: Command) =>
    work(async () => {
      const options: ExportOptions = command.optsWithGlobals();
      return (await import("./incident-cases.ts")).exportIncident(id, options, shell);
    }),
  );
  const test = incidents
    .command("test <files...>")
    .description("Would the rules of a folder stop these cases in time? Exit code 1 if not.")
    .option("--config <folder>", "guardrails folder (guardrails)")
    .option("--json", "for programs: a line of JSON for each");
  example(test, "slipclutch incidents test guardrails/incidents/*.json --config guardrails").action(
    (files: string[], _options, command: Command) =>
      work(async () => {
        const options: TestOptions = command.optsWithGlobals();
        return (await import("./incident-test.ts")).testIncidents(files, options, shell);
      }),
  );
}

interface Verb {
  readonly verb: DecisionRequest["decision"];
  /** The option that says what it is about. */
  readonly of: "task" | "call" | "change" | null;
  readonly says: string;
}

const VERBS: readonly Verb[] = [
  { verb: "resume", of: null, says: "Let the whole agent go on; closes the review." },
  { verb: "probe", of: "task", says: "Let one task go on; the rest follows if it stays calm." },
  {
    verb: "change",
    of: "change",
    says: "Raise a limit, edit a call or tell the agent something, then let it go on.",
  },
  { verb: "end", of: "task", says: "End one task as failed; the rest stays paused." },
  { verb: "approve", of: null, says: "Let the one call of an approval go, once." },
  { verb: "deny", of: "call", says: "Deny one parked call; the agent reads why." },
  { verb: "ran", of: "call", says: "A call whose outcome is unknown did run: it is done." },
  { verb: "did_not_run", of: "call", says: "It did not run: it is let go again." },
];

const SHOWN = {
  task: "--task ticket-4711",
  call: "--call d-3f2a9c4b1d6e8f70-000002a",
  change: "--limit 750",
};

/** Decisions by which an agent goes on: it can be told something with them. */
const GOES_ON: ReadonlySet<string> = new Set(["resume", "probe", "change", "approve"]);

function addDecision(reviews: Command, shell: Shell, work: Do, { of, says, verb }: Verb): void {
  const command = asking(reviews, `${verb} <id>`, says);
  if (of === "task") command.requiredOption("--task <id>", "the task");
  const call = "the call, as `reviews show` lists it";
  if (verb === "deny") command.option("--call <id>", `${call}; an approval has one only`);
  else if (of === "call") command.requiredOption("--call <id>", call);
  if (of === "call" && verb !== "deny") {
    command.option("--task <id>", "where two tasks have a call of this `call_id`");
  }
  if (verb === "deny") command.option("--message <text>", "for the agent; default: the reason");
  if (GOES_ON.has(verb)) {
    command.option("--message <text>", "told to the model once, with its next call");
  }
  if (of === "change") addChanges(command, call);
  command
    .requiredOption("--reason <text>", "why; the review and the journal keep it")
    .option("--seen <version>", "refuse if the review is no longer at this version", version);
  const about = of === null ? "" : ` ${SHOWN[of]}`;
  const line = `slipclutch reviews ${verb} r-1a2b3c4d5e6f7081${about} --reason "looked at it"`;
  example(command, line).action((id: string, _options, own: Command) =>
    work(async () => {
      const options: DecideOptions = own.optsWithGlobals();
      return (await import("./reviews.ts")).decideReview(id, verb, options, shell);
    }),
  );
}

function addChanges(command: Command, call: string): void {
  command
    .option("--limit <amount>", "of the budget it is about, until its window ends")
    .option("--call <id>", `${call}; an approval has one only`)
    .option("--arguments <json>", "in the place of those of the call; @FILE reads a file")
    .option("--task <id>", "the task that is told the message; default: each that waits");
}

function addAgree(reviews: Command, shell: Shell, work: Do): void {
  const agree = asking(reviews, "agree <id>", "Say the same as who has proposed a decision.")
    .requiredOption("--reason <text>", "why; the review and the journal keep it")
    .option("--seen <version>", "refuse if the review is no longer at this version", version);
  example(agree, 'slipclutch reviews agree r-1a2b3c4d5e6f7081 --reason "looked at it too"').action(
    (id: string, _options, own: Command) =>
      work(async () => {
        const options: DecideOptions = own.optsWithGlobals();
        return (await import("./reviews.ts")).agreeToReview(id, options, shell);
      }),
  );
}

function addCall(reviews: Command, shell: Shell, work: Do): void {
  const shown = asking(reviews, "call <id> <call>", "What a tool call asks that waits.");
  const line = "slipclutch reviews call r-1a2b3c4d5e6f7081 d-3f2a9c4b1d6e8f70-000002a";
  example(shown, line).action((id: string, call: string, _options, own: Command) =>
    work(async () =>
      (await import("./reviews.ts")).showCall(id, call, own.optsWithGlobals(), shell),
    ),
  );
}

function version(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("A version is a whole number, as slipclutch reviews shows it.");
}
