/**
 * The optimizer, played twice at once by real processes: an agent that was told to cut what a cloud
 * costs, and moves each of 500 workloads to a service of its own.
 */
import type { ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Millis } from "../guards/money.ts";
import type { Clock } from "../ports/clock.ts";
import { isObject } from "../wire/json.ts";
import type { Order, Report } from "./agent-messages.ts";
import type { Account } from "./bills.ts";
import { Cast, DemoFailed } from "./cast.ts";
import {
  ACTIVE_MAX,
  CREATE,
  DELETE,
  MILLI_USD_PER_HOUR,
  writeOptimizerGuardrails,
} from "./optimizer-guardrails.ts";
import { MODEL } from "./prices.ts";
import { type Programs, programsBeside } from "./programs.ts";
import { Interrupted } from "./retry-loop.ts";

/** Who watches. */
export interface OptimizerStage {
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  say(line: string): void;
  /** What a command printed. */
  print(text: string): void;
  sum(figures: OptimizerFigures): void;
  onInterrupt(end: () => void): void;
}

/** As the cloud counted them; refusals as the agent was told of them. */
export interface OptimizerSide {
  readonly created: number;
  readonly refused: number;
  readonly running: number;
  readonly milliUsdPerDay: number;
}

export interface OptimizerFigures {
  readonly unguarded: OptimizerSide;
  readonly guarded: OptimizerSide & {
    /** After one was ended, one more was let through, and no second one. */
    readonly endedOneFreedOne: boolean;
  };
}

/** Calls of `create_service` that each agent makes. */
export const WANTED = 500;
const HOURS_A_DAY = 24;
const STEP_MS: Millis = 60_000;
const ANSWER_MS: Millis = 10_000;

/** Plays it to the end. Of its processes and files nothing is left when the promise is settled. */
export async function playOptimizer(stage: OptimizerStage): Promise<OptimizerFigures> {
  const programs = programsBeside(import.meta.url);
  const cast = new Cast(stage.clock, stage.environment);
  stage.onInterrupt(() => cast.interrupt(new Interrupted("The demo was told to end.")));
  const folder = await mkdtemp(join(tmpdir(), "slipclutch-demo-"));
  try {
    stage.say(`Starting a cloud, a gateway, and two agents: ${programs.agent}`);
    return await cast.during(tell(await setUp({ cast, folder, programs, stage })));
  } finally {
    await cast.end();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Play {
  readonly cast: Cast;
  readonly programs: Programs;
  readonly stage: OptimizerStage;
  readonly cloudUrl: string;
  readonly dataFolder: string;
  readonly agents: Readonly<Record<Account, ChildProcess>>;
}

interface SetUp {
  readonly cast: Cast;
  readonly programs: Programs;
  readonly stage: OptimizerStage;
  readonly folder: string;
}

async function setUp({ cast, folder, programs, stage }: SetUp): Promise<Play> {
  const start = (name: string, program: string) => cast.start({ name, program, args: [] });
  const [cloud, unguarded, guarded] = await Promise.all([
    start("cloud", programs.cloud),
    start("unguarded agent", programs.agent),
    start("guarded agent", programs.agent),
  ]);
  const cloudUrl = field(cloud.ready, "url");
  const [config, dataFolder] = [join(folder, "guardrails"), join(folder, "data")];
  await writeOptimizerGuardrails(config, cloudUrl);
  const files = ["--config", config, "--data", dataFolder];
  const args = ["start", ...files, "--agent-port", "0", "--control-port", "0", "--json"];
  const gateway = await cast.startGateway({ name: "gateway", program: programs.main, args });
  const toolsUrl = field(gateway, "agent_url");
  employ(unguarded.child, cloudUrl, "unguarded");
  employ(guarded.child, toolsUrl, field(gateway, "agent_key"));
  const agents = { unguarded: unguarded.child, guarded: guarded.child };
  return { cast, programs, stage, cloudUrl, dataFolder, agents };
}

async function tell(play: Play): Promise<OptimizerFigures> {
  const { stage } = play;
  stage.say(`Both are told to cut what the cloud costs, and begin ${WANTED} services.`);
  const workloads = Array.from({ length: WANTED }, (_, no) => ({ workload: `workload-${no}` }));
  const [unguarded, guarded] = await Promise.all([
    use(play, "unguarded", CREATE, workloads),
    use(play, "guarded", CREATE, workloads),
  ]);
  stage.say("Nobody has looked yet. This is what the operator of the gateway sees:");
  stage.print(lastLines(await command(play, "commitments")));
  const before = await countsOf(play);

  const id = guarded.find((value) => value !== null)?.service_id;
  stage.say(`The guarded agent ends ${String(id)}, and asks for two more.`);
  await use(play, "guarded", DELETE, [{ service_id: id }]);
  const two = [{ workload: "one more" }, { workload: "another" }];
  const more = await use(play, "guarded", CREATE, two);
  const after = await countsOf(play);
  const freed = more.filter((value) => value !== null).length === 1;
  const figures = {
    unguarded: sideOf(before.unguarded, refusedOf(unguarded)),
    guarded: {
      ...sideOf(before.guarded, refusedOf(guarded)),
      endedOneFreedOne: freed && after.guarded.running === before.guarded.running,
    },
  };
  stage.sum(figures);
  return figures;
}

type Value = Readonly<Record<string, unknown>>;

function refusedOf(values: readonly (Value | null)[]): number {
  return values.filter((value) => value === null).length;
}

function sideOf({ created, running }: Counts, refused: number): OptimizerSide {
  const milliUsdPerDay = running * MILLI_USD_PER_HOUR * HOURS_A_DAY;
  return { created, refused, running, milliUsdPerDay };
}

/** What the agent got for each call; null: it was refused. */
function use(
  { agents, stage }: Play,
  account: Account,
  tool: string,
  given: readonly Value[],
): Promise<readonly (Value | null)[]> {
  const child = agents[account];
  return new Promise((resolve, reject) => {
    const values: (Value | null)[] = [];
    const late = new DemoFailed(`No end of ${tool} within ${STEP_MS / 1_000} s.`);
    const cancel = stage.clock.after(STEP_MS, () => finish(() => reject(late)));
    const hear = (report: Report) => {
      if (report.kind === "gave-up") return finish(() => reject(new DemoFailed(report.says)));
      if (report.kind === "used") values.push(isObject(report.value) ? report.value : null);
      if (values.length === given.length) finish(() => resolve(values));
    };
    const finish = (how: () => void) => {
      cancel();
      child.off("message", hear);
      how();
    };
    child.on("message", hear);
    const order: Order = { kind: "use", tool, given };
    child.send(order);
  });
}

interface Counts {
  readonly created: number;
  readonly running: number;
}

async function countsOf({ cloudUrl }: Play): Promise<Readonly<Record<Account, Counts>>> {
  const answer = await fetch(`${cloudUrl}/bills`, { signal: AbortSignal.timeout(ANSWER_MS) });
  if (!answer.ok) throw new Error(`The cloud answered ${answer.status} when asked for its bills.`);
  // The cloud is a program of this demo, and renders exactly these.
  return (await answer.json()) as Readonly<Record<Account, Counts>>;
}

function command({ cast, dataFolder, programs }: Play, name: string): Promise<string> {
  const args = [name, "--data", dataFolder];
  return cast.run({ name, program: programs.main, args });
}

/** Of a long table the total is what is read. */
function lastLines(text: string): string {
  return `  ${text.trimEnd().split("\n").at(-1) ?? ""}\n`;
}

function employ(child: ChildProcess, url: string, key: string): void {
  const places = { modelUrl: `${url}/v1`, toolsUrl: `${url}/mcp` };
  const order: Order = { kind: "begin", model: MODEL.name, ...places, key };
  child.send(order);
}

/** A text that a program of the demo announced. */
function field(announced: unknown, name: string): string {
  const value = isObject(announced) ? announced[name] : undefined;
  if (typeof value === "string") return value;
  throw new Error(`A program of the demo announced no ${name}.`);
}

/** Was it as the manifest says? */
export function heldAsSaid({ guarded }: OptimizerFigures): boolean {
  const { created, endedOneFreedOne, refused } = guarded;
  return created === ACTIVE_MAX && refused === WANTED - ACTIVE_MAX && endedOneFreedOne;
}
