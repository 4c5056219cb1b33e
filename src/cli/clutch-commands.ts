/** The commands of the clutch: agents that are paused, and the reviews that people decide. */
import { type Command, InvalidArgumentError } from "commander";
import type { PauseOptions } from "./agents.ts";
import type { Asking } from "./connect.ts";
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
  addDecision(reviews, shell, work, ["resume", "Let the whole agent go on; closes the review."]);
  addDecision(reviews, shell, work, ["probe", "Let one task go on; the rest stays paused."]);
  addDecision(reviews, shell, work, ["end", "End one task as failed; the rest stays paused."]);
}

type Verb = readonly [verb: "resume" | "probe" | "end", description: string];

function addDecision(reviews: Command, shell: Shell, work: Do, [verb, says]: Verb): void {
  const command = asking(reviews, `${verb} <id>`, says);
  if (verb !== "resume") command.requiredOption("--task <id>", "the task");
  command
    .requiredOption("--reason <text>", "why; the review and the journal keep it")
    .option("--seen <version>", "refuse if the review is no longer at this version", version);
  const task = verb === "resume" ? "" : " --task ticket-4711";
  const line = `slipclutch reviews ${verb} r-1a2b3c4d5e6f7081${task} --reason "looked at it"`;
  example(command, line).action((id: string, _options, own: Command) =>
    work(async () => {
      const options: DecideOptions = own.optsWithGlobals();
      return (await import("./reviews.ts")).decideReview(id, verb, options, shell);
    }),
  );
}

function version(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("A version is a whole number, as slipclutch reviews shows it.");
}
