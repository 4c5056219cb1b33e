/** What each agent may do: wider or narrower. */
import type { CallLimits, Manifest } from "../../guards/manifest/manifest.ts";
import { usableTools } from "../../guards/tool/names.ts";
import { LIMIT_FIELDS, type RawManifest } from "../manifest-schema.ts";
import { type About, byAmount, type Change, change } from "./change.ts";
import { coveringBudgets } from "./diff-budgets.ts";
import { fieldChanges, type Rules } from "./diff-fields.ts";
import { libraryChanges, libraryWords } from "./diff-library.ts";
import { toolChanges } from "./diff-tools.ts";
import type { Reading, Written } from "./reading.ts";
import type { Fits } from "./schema-values.ts";

type Sides = readonly [before: Reading, after: Reading];

/** What has words of its own, and what changes nothing. */
const RULES: Rules = {
  agent: "elsewhere",
  agent_id: "elsewhere",
  version: "elsewhere",
  schema_version: "elsewhere",
  allowed_tools: "elsewhere",
  allowed_resources: "elsewhere",
  allowed_prompts: "elsewhere",
  blacklisted_tools: "elsewhere",
  denied_tools: "elsewhere",
  models: "elsewhere",
  strict: "elsewhere",
  uncapped: "elsewhere",
  "labels.team": "elsewhere",
  "labels.org": "elsewhere",
  "labels.owner": "other",
  tell_agent: "other",
  refusal_rounds: "other",
  ...Object.fromEntries(Object.keys(LIMIT_FIELDS).map((key) => [`limits.${key}`, "elsewhere"])),
};

export function agentChanges(sides: Sides, fits: Fits): Change[] {
  const [before, after] = sides.map(({ configuration }) => configuration.agents);
  const changes: Change[] = [];
  for (const [agent, manifest] of after ?? []) {
    const old = before?.get(agent);
    const about = { agent, about: "agent" };
    if (old === undefined)
      changes.push(change(about, "wider", `a new agent, ${mayWords(manifest)}`));
    else changes.push(...oneAgent(agent, [old, manifest], sides, fits));
  }
  for (const agent of before?.keys() ?? []) {
    if (after?.has(agent)) continue;
    changes.push(change({ agent, about: "agent" }, "narrower", "has no manifest any more"));
  }
  return changes;
}

function mayWords(manifest: Manifest): string {
  const { models, tools } = manifest;
  const names = usableTools(tools, null).map(({ server, tool }) => `${server}__${tool}`);
  const granted = models === null ? "any model that has a price" : [...models.keys()].join(", ");
  const read = libraryWords(manifest);
  const reading = read.length === 0 ? "" : `; it may read ${read.join("; ")}`;
  return `with ${granted || "no model"} and ${names.join(", ") || "no tool"}${reading}`;
}

type Manifests = readonly [before: Manifest, after: Manifest];

function oneAgent(agent: string, pair: Manifests, sides: Sides, fits: Fits): readonly Change[] {
  const [before, after] = pair;
  const files = [fileOf(sides[0], agent), fileOf(sides[1], agent)] as const;
  return [
    ...toolChanges(agent, sides, fits),
    ...libraryChanges(agent, sides, fits),
    ...blacklistChanges(agent, pair),
    ...modelChanges(agent, pair),
    ...limitChanges({ agent, about: "limits" }, before.limits, after.limits),
    ...taskChanges(agent, pair),
    ...flagChanges(agent, pair),
    ...(isLabelledAlike(pair) ? [] : labelChanges(agent, sides)),
    ...fieldChanges(files, [], { agent, rules: RULES, from: 0 }),
  ];
}

function fileOf({ manifests }: Reading, agent: string): Written<RawManifest> {
  const file = manifests.get(agent);
  if (file === undefined) throw new Error(`${agent} has a manifest without a file`);
  return file;
}

function blacklistChanges(agent: string, [before, after]: Manifests): Change[] {
  const [old, now] = [before.tools.blacklisted, after.tools.blacklisted];
  const about = { agent, about: "blacklisted_tools" };
  const lost = [...old].filter((name) => !now.has(name));
  const gained = [...now].filter((name) => !old.has(name));
  return [
    ...lost.map((name) => change(about, "wider", `${name} is not blacklisted any more`)),
    ...gained.map((name) => change(about, "narrower", `${name} is blacklisted`)),
  ];
}

function modelChanges(agent: string, [before, after]: Manifests): Change[] {
  const [old, now] = [before.models, after.models];
  const about = { agent, about: "models" };
  if (old === null && now === null) return [];
  if (now === null) return [change(about, "wider", "any model that has a price; they were listed")];
  if (old === null) return [change(about, "narrower", `only ${[...now.keys()].join(", ")}`)];
  const gained = [...now.keys()].filter((model) => !old.has(model));
  const lost = [...old.keys()].filter((model) => !now.has(model));
  const kept = [...now].flatMap(([model, limits]) => {
    const was = old.get(model);
    return was === undefined ? [] : limitChanges({ agent, about: model }, was, limits);
  });
  return [
    ...gained.map((model) => change({ agent, about: model }, "wider", "a new model")),
    ...lost.map((model) => change({ agent, about: model }, "narrower", "no longer granted")),
    ...kept,
  ];
}

/** A floor under what is narrowed: a lower one admits calls that were refused before. */
const FLOORS: ReadonlySet<string> = new Set(["minUsefulOutput"]);

function limitChanges(about: About, before: CallLimits, after: CallLimits): Change[] {
  return amountChanges(about, { ...before }, { ...after });
}

type Amounts = Readonly<Record<string, number | null>>;

function amountChanges(about: About, before: Amounts, after: Amounts): Change[] {
  return Object.keys(after).flatMap((key) => {
    const [old = null, now = null] = [before[key], after[key]];
    if (old === now) return [];
    const says = `${wordsOf(key)} ${old ?? "none"} → ${now ?? "none"}`;
    if (old === null || now === null) {
      return [change(about, now === null ? "wider" : "narrower", says)];
    }
    const [less, more] = FLOORS.has(key) ? [now, old] : [old, now];
    return [change(about, byAmount(less, more), says)];
  });
}

/** `maxOutputTokens` → `max output tokens`. */
function wordsOf(key: string): string {
  return key
    .replace(/Ms$/, "_(ms)")
    .replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    .replace("_", " ");
}

function taskChanges(agent: string, [before, after]: Manifests): Change[] {
  const amounts = ({ tasks, tools }: Manifest) => {
    return { ...tasks, argumentsBytesMax: tools.argumentsBytesMax };
  };
  return amountChanges({ agent, about: "limits" }, amounts(before), amounts(after));
}

function flagChanges(agent: string, [before, after]: Manifests): Change[] {
  const changes: Change[] = [];
  if (before.strict !== after.strict) {
    const says = `strict ${before.strict} → ${after.strict}`;
    changes.push(change({ agent, about: "strict" }, after.strict ? "narrower" : "wider", says));
  }
  if (before.uncapped !== after.uncapped) {
    const says = after.uncapped
      ? "no money budget need draw on it"
      : "a money budget must draw on it";
    changes.push(change({ agent, about: "uncapped" }, after.uncapped ? "wider" : "narrower", says));
  }
  return changes;
}

function isLabelledAlike([{ labels: old }, { labels: now }]: Manifests): boolean {
  return old.team === now.team && old.org === now.org;
}

/** Labels decide which budgets a call draws on. */
function labelChanges(agent: string, [before, after]: Sides): Change[] {
  const [old, now] = [coveringBudgets(before, agent), coveringBudgets(after, agent)];
  // A budget that came or went is told once, for all agents.
  const isKept = (name: string, { configuration }: Reading) =>
    configuration.budgets.some((budget) => budget.name === name);
  const lost = [...old].filter((name) => !now.has(name) && isKept(name, after));
  const gained = [...now].filter((name) => !old.has(name) && isKept(name, before));
  return [
    ...lost.map((name) =>
      change({ agent, about: name }, "wider", "no longer draws on this budget"),
    ),
    ...gained.map((name) => change({ agent, about: name }, "narrower", "draws on this budget")),
  ];
}
