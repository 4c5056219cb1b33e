/** A manifest as written, over the limits of slipclutch.yaml → a manifest in force. */
import { hash } from "node:crypto";
import type { CallLimits, Manifest } from "../guards/manifest/manifest.ts";
import { canonicalJson } from "../guards/tool/canonical.ts";
import type { RawCallLimits, RawLimits, RawManifest } from "./manifest-schema.ts";
import { observeOf } from "./observe.ts";

const MINUTE_MS = 60_000;
/** A model that is told no finds another way, or says so; one that insists costs money. */
const REFUSAL_ROUNDS = 1;

/** What holds where neither the manifest nor slipclutch.yaml says anything. */
const DEFAULTS = {
  /** What official clients wait at most. */
  timeoutMs: 10 * MINUTE_MS,
  /** Below it a model that reasons is often billed for an answer without a word. */
  minUsefulOutput: 256,
  newPerHour: 60,
  aliveMax: 1000,
  depthMax: 8,
  childrenMax: 100,
  idleMs: 60 * MINUTE_MS,
} as const;

/** The manifest in force of one agent. */
export function manifestOf(
  raw: RawManifest,
  agent: string,
  common: RawLimits | undefined,
  grants: Pick<Manifest, "library" | "tools">,
): Manifest {
  const own = raw.limits ?? {};
  const limits = callLimits([own, common ?? {}]);
  return {
    agent,
    digest: hash("sha256", canonicalJson(raw) ?? ""),
    labels: {
      team: raw.labels?.team ?? null,
      org: raw.labels?.org ?? null,
      owner: raw.labels?.owner ?? null,
    },
    models: raw.models === undefined ? null : modelsOf(raw.models, [own, common ?? {}]),
    limits,
    observe: observeOf(raw),
    observing: false,
    strict: raw.strict ?? false,
    uncapped: raw.uncapped ?? false,
    tellAgent: raw.tell_agent ?? false,
    transcripts: raw.transcripts ?? true,
    onChange: raw.on_change ?? "strictest",
    refusalRounds: raw.refusal_rounds ?? REFUSAL_ROUNDS,
    tasks: taskLimits(own, common ?? {}),
    // Bound once policies are loaded: see `bindings.ts`.
    policies: [],
    ...grants,
  };
}

function taskLimits(own: RawLimits, common: RawLimits): Manifest["tasks"] {
  return {
    newPerHour: own.new_tasks_per_hour ?? common.new_tasks_per_hour ?? DEFAULTS.newPerHour,
    aliveMax: own.max_active_tasks ?? common.max_active_tasks ?? DEFAULTS.aliveMax,
    depthMax: own.max_depth ?? common.max_depth ?? DEFAULTS.depthMax,
    childrenMax: own.max_children ?? common.max_children ?? DEFAULTS.childrenMax,
    idleMs: own.task_idle ?? common.task_idle ?? DEFAULTS.idleMs,
    callsMax: own.max_calls ?? common.max_calls ?? null,
    toolCallsMax: own.max_tool_calls ?? common.max_tool_calls ?? null,
    durationMaxMs: own.max_duration ?? common.max_duration ?? null,
  };
}

type Granted = NonNullable<RawManifest["models"]>[number];

function modelsOf(
  models: readonly Granted[],
  inherited: readonly RawCallLimits[],
): ReadonlyMap<string, CallLimits> {
  return new Map(
    models.map((granted) =>
      typeof granted === "string"
        ? [granted, callLimits(inherited)]
        : [granted.model, callLimits([granted, ...inherited])],
    ),
  );
}

/** The id of a granted model, however it is written. */
export function grantedId(granted: Granted): string {
  return typeof granted === "string" ? granted : granted.model;
}

/** The first that says something holds. */
function callLimits(sources: readonly RawCallLimits[]): CallLimits {
  const first = <Key extends keyof RawCallLimits>(key: Key) =>
    sources.find((limits) => limits[key] !== undefined)?.[key];
  return {
    maxOutputTokens: first("max_output_tokens") ?? null,
    maxInputTokens: first("max_input_tokens") ?? null,
    maxN: first("max_n") ?? null,
    timeoutMs: first("timeout") ?? DEFAULTS.timeoutMs,
    minUsefulOutput: first("min_useful_output") ?? DEFAULTS.minUsefulOutput,
  };
}
