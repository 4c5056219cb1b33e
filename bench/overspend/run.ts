/**
 * `npm run bench -- overspend`: many clients at once on a budget for a number of calls, counted at
 * the upstream. Ends with 1 if a call was past the cap or refused although it fitted.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { type SimulatedUpstream, simulatedUpstream } from "../../src/testing/simulated-upstream.ts";
import {
  ENCRYPTION_KEY,
  type Gateway,
  keyFor,
  programToRun,
  startGateway,
  stopGateway,
  temporaryFolder,
  writeFolder,
} from "../gateways.ts";
import { openPostgres } from "../postgres.ts";
import {
  closedBooks,
  Forfeits,
  type Result,
  resultOf,
  totalOf,
  unusedOf,
  wronglyRefused,
} from "./books.ts";
import { closeClients } from "./clients.ts";
import { Counter, countAt } from "./counter.ts";
import { type Door, type Ends, runStorm } from "./storm.ts";
import {
  CALL_PICO,
  CAP_TOKENS,
  type Format,
  MODEL_MAX,
  MODELS,
  OUTPUT_USD,
  restOf,
  type Stage,
  VARIANTS,
  type Variant,
} from "./variants.ts";

export interface OverspendOptions {
  readonly variants: readonly string[];
  readonly processes: number;
  /** `embedded`, `postgres` for a throwaway server, or a URL. */
  readonly store: string;
  readonly kill: boolean;
  readonly stop: boolean;
  readonly quick: boolean;
  readonly source: boolean;
  readonly json: boolean;
}

/** The disturbances: none, `kill -9` and start again, SIGSTOP for 15 s. */
type Disturbance = "" | "killed" | "stopped";

const CALLS = { quick: 40, full: 200 };
const CLIENTS = { quick: 30, full: 100 };
/** Of the calls that a budget is for; few enough that also those billed nine times get there. */
const STRIKE_SHARE = 0.25;
/** A variant among others still has so many clients. */
const CLIENTS_LEAST = 10;
const STOPPED_MS = 15_000;
const PICO_A_USD = 1_000_000_000_000n;

interface Field {
  readonly upstream: SimulatedUpstream;
  readonly gateways: Gateway[];
  readonly doors: readonly Door[];
  readonly calls: number;
  readonly clients: number;
}

export async function overspend(options: OverspendOptions): Promise<number> {
  const variants = chosen(options.variants);
  const main = programToRun(options.source);
  const results = new Map<string, Result>();
  const say = (line: string) => process[options.json ? "stderr" : "stdout"].write(`${line}\n`);
  const rounds: Disturbance[] = ["", ...(options.kill ? ["killed" as const] : [])];
  for (const disturbance of rounds) {
    await onField({ main, options, variants }, async (field) => {
      for (const variant of variants) {
        await together([variant], field, disturbance, (name, result, ends) => {
          results.set(name, result);
          say(lineOf(name, result, ends));
        });
      }
    });
  }
  if (options.stop) {
    // All at once, for each sleeps through the same 15 seconds.
    await onField({ main, options, variants }, (field) =>
      together(variants, field, "stopped", (name, result, ends) => {
        results.set(name, result);
        say(lineOf(name, result, ends));
      }),
    );
  }
  closeClients();
  const total = totalOf(results);
  const uncharged = [...results.values()].some((one) => one.uncharged_usd !== "0");
  process.stdout.write(`${JSON.stringify(total)}\n`);
  return total.past_cap > 0 || total.wrongly_refused > 0 || uncharged ? 1 : 0;
}

function chosen(names: readonly string[]): readonly Variant[] {
  for (const name of names) {
    if (VARIANTS.some((variant) => variant.name === name)) continue;
    const known = VARIANTS.map((variant) => variant.name).join(", ");
    throw new Error(`no variant ${name}; there are: ${known}`);
  }
  return names.length === 0 ? VARIANTS : VARIANTS.filter(({ name }) => names.includes(name));
}

interface Plan {
  readonly main: string;
  readonly options: OverspendOptions;
  readonly variants: readonly Variant[];
}

/** An upstream, a store and gateways, ended whatever happens. */
async function onField(plan: Plan, run: (field: Field) => Promise<void>): Promise<void> {
  const { main, options, variants } = plan;
  const size = options.quick ? "quick" : "full";
  const upstream = await simulatedUpstream({ clock: systemClock });
  const postgres = options.store === "embedded" ? null : await openPostgres(options.store);
  const gateways: Gateway[] = [];
  try {
    const configFolder = writeFolder(configOf(upstream, variants, CALLS[size]));
    for (let number = 0; number < options.processes; number += 1) {
      const dataFolder = temporaryFolder();
      const store = postgres?.url ?? null;
      gateways.push(await startGateway({ main, configFolder, dataFolder, store }));
    }
    const doors = gateways.map(({ agentUrl }) => ({ url: agentUrl }));
    await run({ upstream, gateways, doors, calls: CALLS[size], clients: CLIENTS[size] });
  } finally {
    for (const gateway of gateways) await stopGateway(gateway);
    await upstream.close();
    await postgres?.remove();
  }
}

/** One agent with one budget for each variant, so that they cannot disturb each other. */
function configOf(upstream: SimulatedUpstream, variants: readonly Variant[], calls: number) {
  const price = { input: 0, output: OUTPUT_USD, context_window: 128_000, max_output: MODEL_MAX };
  const names = Object.keys(MODELS);
  // Narrowed calls would cost less than one: then nobody could count.
  const whole = { max_output_tokens: CAP_TOKENS, min_useful_output: CAP_TOKENS };
  const agents = variants.map(({ name }) => [
    `agents/${name}.yaml`,
    {
      version: 1,
      agent: name,
      models: [
        { model: "calls", ...whole },
        { model: "distrusted", ...whole },
        { model: "messages", ...whole },
        { model: "large", min_useful_output: MODEL_MAX },
      ],
    },
  ]);
  return {
    "slipclutch.yaml": {
      version: 1,
      encryption_key: ENCRYPTION_KEY,
      providers: {
        chat: { kind: "openai", base_url: `${upstream.url}/v1`, ...providerOf("chat") },
        messages: { kind: "anthropic", base_url: upstream.url, ...providerOf("messages") },
      },
      budgets: variants.map(({ name }) => ({
        name,
        agent: name,
        limit_usd: Number((CALL_PICO * BigInt(calls) * 1_000n) / PICO_A_USD) / 1_000,
        window: "lifetime",
      })),
      limits: { new_tasks_per_hour: 1_000 },
    },
    "prices.yaml": { benchmark: Object.fromEntries(names.map((model) => [model, { ...price }])) },
    ...Object.fromEntries(agents),
  };
}

function providerOf(format: Format) {
  const models = Object.entries(MODELS).flatMap(([model, of]) => (of === format ? [model] : []));
  return { api_key: "benchmark", models, prices_of: "benchmark", connections_max: 1_000 };
}

type Tell = (name: string, result: Result, ends: Ends) => void;

/** Variants side by side, through one disturbance. */
async function together(
  variants: readonly Variant[],
  field: Field,
  disturbance: Disturbance,
  tell: Tell,
): Promise<void> {
  const { calls, clients, doors, gateways, upstream } = field;
  const limitPico = CALL_PICO * BigInt(calls);
  const counters = variants.map((variant) => new Counter(variant, limitPico));
  countAt(upstream, new Map(counters.map((counter) => [counter.variant.name, counter])));
  const names = variants.map(({ name }) => name);
  const keys = new Map<string, string>();
  for (const name of names) keys.set(name, await keyFor(lastOf(gateways), name));

  const disturbed = disturbance !== "";
  const share = Math.max(CLIENTS_LEAST, Math.ceil(clients / variants.length));
  const stormOf = (counter: Counter, stages: readonly Stage[]) =>
    runStorm({ counter, stages, doors, key: keys.get(counter.variant.name) ?? "", disturbed });
  const forfeits = new Forfeits(() => lastOf(gateways), disturbance === "stopped" ? names : []);
  const storms = Promise.all(
    counters.map((counter) => stormOf(counter, counter.variant.stages(calls, share))),
  );
  const [stormEnds] = await Promise.all([storms, disturb(disturbance, field, counters, storms)]);
  await forfeits.end();

  for (const [index, counter] of counters.entries()) {
    const { name } = counter.variant;
    const ends = stormEnds[index];
    if (ends === undefined) throw new Error(`no storm of ${name}`);
    let books = await closedBooks(lastOf(gateways), name);
    const released = forfeits.mostOf(name) - books.forfeited; // negative where nobody watched
    let wrongly = wronglyRefused(ends, unusedOf(counter, books) - (released > 0n ? released : 0n));
    if (released > 0n && !counter.variant.overbills) {
      // What the sleeper held is there again: now it must all be there for the asking.
      const rest = await stormOf(counter, [restOf(calls)]);
      books = await closedBooks(lastOf(gateways), name);
      wrongly += wronglyRefused(rest, unusedOf(counter, books));
    }
    const label = disturbed ? `${name}-${disturbance}` : name;
    tell(label, resultOf({ calls, counter, books, ends, wrongly }), ends);
  }
}

function lastOf(gateways: readonly Gateway[]): Gateway {
  const last = gateways.at(-1);
  if (last === undefined) throw new Error("no gateway");
  return last;
}

/** In the midst of the calls the first gateway is struck. */
async function disturb(
  disturbance: Disturbance,
  field: Field,
  counters: readonly Counter[],
  storms: Promise<unknown>,
): Promise<void> {
  const { calls, doors, gateways } = field;
  const [gateway] = gateways;
  const [door] = doors;
  if (disturbance === "" || gateway === undefined || door === undefined) return;
  const midst = new Promise<void>((resolve) => {
    const due = Math.ceil(calls * counters.length * STRIKE_SHARE);
    let arrived = 0;
    for (const counter of counters) {
      counter.onArrival = () => {
        arrived += 1;
        if (arrived === due) resolve();
      };
    }
  });
  // A budget that was spent sooner than it was made for is no reason to wait for ever.
  await Promise.race([midst, storms]);
  if (disturbance === "stopped") {
    gateway.program.child.kill("SIGSTOP");
    await sleep(STOPPED_MS);
    gateway.program.child.kill("SIGCONT");
    return;
  }
  await stopGateway(gateway, "SIGKILL");
  const again = await startGateway(gateway.options);
  gateways[0] = again;
  door.url = again.agentUrl;
}

function lineOf(name: string, result: Result, ends: Ends): string {
  const { admitted, cap_calls, past_cap, unused, wrongly_refused } = result;
  const because = [...ends.because].map(([why, count]) => `${count} × ${why}`).join(", ");
  return [
    name.padEnd(30),
    `${admitted} of ${cap_calls} admitted, ${past_cap} past the cap, ${unused} unused,`,
    `${wrongly_refused} wrongly refused; billed ${result.billed_usd} of ${result.limit_usd} USD`,
    result.forfeited_usd === "0" ? "" : `(forfeited ${result.forfeited_usd})`,
    because === "" ? "" : `[again: ${because}]`,
  ]
    .filter((part) => part !== "")
    .join(" ");
}
