/**
 * The retry loop, played twice at once by real processes: an agent on its own, and the same agent
 * behind a gateway. The transcription service breaks, and both ask it again and again.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ReviewView } from "../control/client.ts";
import type { Millis } from "../guards/money.ts";
import type { Clock } from "../ports/clock.ts";
import { Cast, DemoFailed } from "./cast.ts";
import { type Figures, figuresOf } from "./figures.ts";
import { type Programs, programsBeside } from "./programs.ts";
import { hand, type Scene, setUp } from "./scene.ts";
import { FIRST_TICKETS, LATER_TICKETS, TICKETS } from "./tickets.ts";
import { look, type Moment, turn } from "./watch.ts";

export { DemoFailed };

/** Who watches, and what they asked for. */
export interface Stage {
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The review is left to a person. */
  readonly keep: boolean;
  /** Something happened. */
  say(line: string): void;
  /** How it stands, several times a second. */
  show(moment: Moment): void;
  /** The end of the story. */
  sum(figures: Figures): void;
  /** `end` ends the demo at once. */
  onInterrupt(end: () => void): void;
}

/** How long nobody notices. */
const UNNOTICED_MS: Millis = 25_000;
const LOOK_MS: Millis = 250;
/** Longer than any step takes on a slow machine. */
const STEP_MS: Millis = 60_000;

/** The demo was told to end. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

interface Play {
  readonly cast: Cast;
  readonly programs: Programs;
  readonly scene: Scene;
  readonly stage: Stage;
  readonly startedAt: Millis;
  /** That stands, or stood last. */
  review: string | null;
  /** The most calls that waited for it at once. */
  parked: number;
}

/** Plays it to the end. Of its processes and files nothing is left when the promise is settled. */
export async function playRetryLoop(stage: Stage): Promise<Figures> {
  const { clock, environment } = stage;
  const programs = programsBeside(import.meta.url);
  const cast = new Cast(clock, environment);
  stage.onInterrupt(() => cast.interrupt(new Interrupted("The demo was told to end.")));
  const folder = await mkdtemp(join(tmpdir(), "slipclutch-demo-"));
  try {
    stage.say(`Starting a model, a tool server, a gateway, and two agents: ${programs.agent}`);
    const scene = await setUp({ cast, folder, programs });
    const startedAt = clock.monotonic();
    const play = { cast, programs, scene, stage, startedAt, review: null, parked: 0 };
    return await cast.during(tell(play));
  } finally {
    await cast.end();
    await rm(folder, { recursive: true, force: true });
  }
}

async function tell(play: Play): Promise<Figures> {
  const { cast, scene, stage } = play;
  stage.say("Two tickets come in by phone, for each agent. All is well.");
  for (const ticket of FIRST_TICKETS) hand(ticket, scene);
  const arrived = FIRST_TICKETS.length;
  await until(play, "solved tickets", ({ guarded, unguarded }) => {
    return unguarded.solved === arrived && guarded.solved === arrived;
  });

  await turn("break", scene);
  stage.say(
    "The transcription service breaks: empty files, billed as full ones. 8 tickets come in.",
  );
  const broken = await lookOnce(play);
  for (const ticket of LATER_TICKETS) hand(ticket, scene);
  await until(play, "trip", ({ standing }) => standing.review !== null);
  const review = await reviewOf(play);
  stage.say(`The clutch let go. ${review.reason} Review ${review.id} waits for a person.`);

  const stopped = await until(play, "end of the wait", ({ elapsedMs }) => {
    return elapsedMs >= broken.elapsedMs + UNNOTICED_MS;
  });
  await cast.stop(scene.workers.unguarded.child);
  stage.say("Somebody sees the bill and kills the unguarded agent. Its tickets go with it.");

  await (stage.keep ? leave(play, review) : mend(play, review));
  const end = await lookOnce(play);
  const { guarded, unguarded } = scene.workers;
  const reports = { unguarded: unguarded.reports, guarded: guarded.reports };
  const closed = await reviewOf(play);
  const told = { broken, stopped, end, review: closed, parked: play.parked, reports };
  const figures = figuresOf(told);
  stage.sum(figures);
  if (stage.keep) await untilInterrupted(play);
  return figures;
}

/** What the operator does, by the commands that one has. */
async function mend(play: Play, { id }: ReviewView): Promise<void> {
  const { cast, programs, scene, stage } = play;
  await turn("repair", scene);
  const args = ["reviews", "resume", id, "--reason", "the transcription service was repaired"];
  stage.say(
    `The service is repaired, and somebody looks: slipclutch ${args.slice(0, 3).join(" ")}`,
  );
  const where = ["--data", scene.dataFolder];
  await cast.run({ name: "resume", program: programs.main, args: [...args, ...where] });
  await until(play, "end of the tickets", isDone);
}

/** The same, for a person to do. Let go on unrepaired, the agent has its next review soon. */
async function leave(play: Play, first: ReviewView): Promise<void> {
  let review: string | null = first.id;
  while (review !== null) {
    explain(play, review);
    const shown: string = review;
    const isNews = ({ standing }: Moment) => standing.review !== null && standing.review !== shown;
    const isOver = (moment: Moment) => isDone(moment) || isNews(moment);
    const moment = await until(play, "decision", isOver, Number.POSITIVE_INFINITY);
    review = moment.standing.review;
  }
}

function explain({ programs, scene, stage }: Play, review: string): void {
  const command = `${programs.command} reviews`;
  const where = `--data ${scene.dataFolder}`;
  stage.say("The review is yours. Look at it, repair the service, and let the agent go on:");
  stage.say(`  ${scene.controlUrl}/reviews/${review}   (sign in with ${scene.token})`);
  stage.say(`  ${command} ${where}`);
  stage.say(`  ${command} show ${review} ${where}`);
  stage.say(`  curl -X POST ${scene.toolsUrl}/repair`);
  stage.say(`  ${command} resume ${review} --reason "it was repaired" ${where}`);
  stage.say("Ctrl-c ends the demo.");
}

async function untilInterrupted({ stage }: Play): Promise<void> {
  stage.say("Ctrl-c ends the demo.");
  await new Promise<never>(() => undefined);
}

function isDone({ guarded, standing }: Moment): boolean {
  return guarded.solved === TICKETS && standing.clutch === "engaged";
}

/** Looks on until it is so. */
async function until(
  play: Play,
  what: string,
  isSo: (moment: Moment) => boolean,
  withinMs: Millis = STEP_MS,
): Promise<Moment> {
  const { clock } = play.stage;
  const late = clock.monotonic() + withinMs;
  for (;;) {
    const moment = await lookOnce(play);
    if (isSo(moment)) return moment;
    if (clock.monotonic() > late) {
      const why = reasonsOf(play.scene);
      throw new DemoFailed(`No ${what} within ${withinMs / 1_000} s. ${why}`.trimEnd());
    }
    await new Promise<void>((resolve) => clock.after(LOOK_MS, resolve));
  }
}

/** Why agents gave tickets up. */
function reasonsOf({ workers }: Scene): string {
  const reports = Object.values(workers).flatMap((worker) => worker.reports);
  return reports.flatMap((each) => (each.kind === "gave-up" ? [each.says] : [])).join(" ");
}

async function lookOnce(play: Play): Promise<Moment> {
  const { scene, stage, startedAt } = play;
  const moment = await look(scene, stage.clock.monotonic() - startedAt);
  const { parked, review } = moment.standing;
  if (review !== null && review !== play.review) {
    play.review = review;
    play.parked = 0;
  }
  play.parked = Math.max(play.parked, parked);
  stage.show(moment);
  return moment;
}

async function reviewOf({ review, scene }: Play): Promise<ReviewView> {
  if (review === null) throw new Error("There is no review.");
  return scene.control.review(review);
}
