/** With what configuration a gateway begins. */
import { access } from "node:fs/promises";
import { join } from "node:path";
import { sqliteStore } from "../adapters/store/sqlite/index.ts";
import { bundleOf } from "../config/bundle.ts";
import type { Environment } from "../config/environment.ts";
import { explainIssue } from "../config/explain.ts";
import type { PolicyEngines } from "../config/policy-rules.ts";
import type { Clock } from "../ports/clock.ts";
import type { Store } from "../ports/store.ts";
import type { Log } from "../telemetry/log.ts";
import { ConfigError } from "./boot.ts";
import { type Reading, readBundle, type Sound } from "./bundles.ts";
import type { Guardrails, Sourced } from "./sourced.ts";

/** The remote cannot be reached, and nothing of it was ever in force here. */
export class GuardrailsUnavailable extends Error {
  override readonly name = "GuardrailsUnavailable";
}

export interface BeginSettings {
  readonly dataFolder: string;
  readonly storeUrl: string | null;
  readonly environment: Environment;
  readonly engines: PolicyEngines;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * What is there now. A remote that does not answer, or has what does not hold, changes nothing for
 * a gateway that runs; one that starts then goes on from what was in force, as those that run do.
 */
export async function firstConfiguration(
  guardrails: Guardrails,
  settings: BeginSettings,
): Promise<Sound> {
  const loaded = await guardrails.load();
  const sound = loaded.kind === "ok" ? loaded : await lastInForce(guardrails, loaded, settings);
  for (const { file, hint, path } of sound.warnings) settings.log.warn(hint, { file, path });
  return sound;
}

type Unusable = Exclude<Sourced, Sound>;

async function lastInForce(
  { source }: Guardrails,
  unusable: Unusable,
  settings: BeginSettings,
): Promise<Sound> {
  const { log } = settings;
  const bundle = source === null ? null : await keptLast(source, settings);
  if (bundle !== null) {
    const loaded = await readBundle(bundle, settings);
    const { commit } = bundle;
    if (loaded.kind === "invalid") throw new ConfigError(loaded.issues, commit);
    log.error("started with what was in force last", { commit, because: sentenceOf(unusable) });
    return loaded;
  }
  if (unusable.kind === "invalid") throw new ConfigError(unusable.issues, unusable.commit);
  const { because } = unusable;
  throw new GuardrailsUnavailable(`The guardrails cannot be had from ${source}: ${because}.`);
}

function sentenceOf(unusable: Unusable): string {
  if (unusable.kind === "unavailable") return unusable.because;
  const [first] = unusable.issues;
  return first === undefined ? "it does not validate" : explainIssue(first);
}

/** Only where the store is known without a configuration. */
async function keptLast(source: string, settings: BeginSettings) {
  const store = await storeWithout(settings);
  if (store === null) return null;
  try {
    return await store.bundles.latest(source);
  } finally {
    await store.close();
  }
}

async function storeWithout(settings: BeginSettings): Promise<Store | null> {
  const { clock, dataFolder: folder, storeUrl: url } = settings;
  if (url !== null && url !== "embedded") {
    const { postgresStore } = await import("../adapters/store/postgres/index.ts");
    return postgresStore({ url, clock });
  }
  const isThere = await access(join(folder, "store.db")).then(
    () => true,
    () => false,
  );
  return isThere ? sqliteStore({ folder, clock }) : null;
}

/**
 * Gateways on one store run one configuration. Where those that live run another commit of this
 * remote, this one joins them there; what is newer is then taken by all, and not by refusing one.
 */
export async function joined(
  store: Store,
  first: Sound,
  { engines, environment, guardrails }: Reading & { readonly guardrails: Guardrails },
): Promise<Sound> {
  const { digest } = first.configuration;
  if (guardrails.source === null) return first;
  const holders = await store.holders.list();
  const other = holders.find(({ state, configuration }) => {
    return state === "live" && configuration !== digest;
  });
  if (other === undefined) return first;
  const bundle = await store.bundles.find(bundleOf(other.configuration));
  if (bundle?.source !== guardrails.source) return first;
  const loaded = await readBundle(bundle, { environment, engines });
  const isSame = loaded.kind === "ok" && loaded.configuration.digest === other.configuration;
  return isSame ? loaded : first;
}
