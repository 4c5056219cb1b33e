/** What each agent may do: wider or narrower. */
import type { Manifest, OnChange } from "../../guards/manifest/manifest.ts";
import { usableTools } from "../../guards/tool/names.ts";
import { LIMIT_FIELDS, type RawManifest } from "../manifest-schema.ts";
import { amountChanges } from "./amounts.ts";
import { type Change, change } from "./change.ts";
import { fieldChanges, type Rules } from "./diff-fields.ts";
import { labelChanges } from "./diff-labels.ts";
import { libraryChanges, libraryWords } from "./diff-library.ts";
import { callLimitChanges, limitChanges } from "./diff-limits.ts";
import { observeChanges } from "./diff-observe.ts";
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
  hosted_tools: "elsewhere",
  on_change: "elsewhere",
  mode: "elsewhere",
  observe_until: "elsewhere",
  observe_servers: "elsewhere",
  tell_agent: "elsewhere",
  transcripts: "elsewhere",
  refusal_rounds: "elsewhere",
  breakers: "elsewhere",
  "labels.team": "elsewhere",
  "labels.org": "elsewhere",
  "labels.owner": "elsewhere",
  ...Object.fromEntries(Object.keys(LIMIT_FIELDS).map((key) => [`limits.${key}`, "elsewhere"])),
};

export function agentChanges(sides: Sides, fits: Fits): Change[] {
  const [before, after] = sides.map(({ configuration }) => configuration.agents);
  const changes: Change[] = [];
  for (const [agent, manifest] of after ?? []) {
    const old = before?.get(agent);
    const about = { agent, about: "agent" };
    if (old !== undefined) changes.push(...oneAgent(agent, [old, manifest], sides, fits));
    else {
      changes.push(change(about, "wider", `a new agent, ${mayWords(manifest)}`));
      changes.push(...observeChanges(agent, [{ ...manifest, observe: null }, manifest]));
    }
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
  const files = [fileOf(sides[0], agent), fileOf(sides[1], agent)] as const;
  return [
    ...toolChanges(agent, sides, fits),
    ...libraryChanges(agent, sides, fits),
    ...blacklistChanges(agent, pair),
    ...modelChanges(agent, pair),
    ...limitChanges(agent, pair),
    ...hostedChanges(agent, pair),
    ...observeChanges(agent, pair),
    ...flagChanges(agent, pair),
    ...onChangeChanges(agent, pair),
    ...roundChanges(agent, pair),
    ...labelChanges(agent, pair, sides),
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
  // What all models have in common is told once, with the limits of the agent.
  const common = new Set(limitChanges(agent, [before, after]).map(({ says }) => says));
  const kept = [...now].flatMap(([model, limits]) => {
    const was = old.get(model);
    return was === undefined ? [] : callLimitChanges({ agent, about: model }, was, limits);
  });
  return [
    ...gained.map((model) => change({ agent, about: model }, "wider", "a new model")),
    ...lost.map((model) => change({ agent, about: model }, "narrower", "no longer granted")),
    ...kept.filter(({ says }) => !common.has(says)),
  ];
}

function hostedChanges(agent: string, [before, after]: Manifests): Change[] {
  const [old, now] = [before.tools.hosted, after.tools.hosted];
  const about = { agent, about: "hosted_tools" };
  const gained = [...now].filter((name) => !old.has(name));
  const lost = [...old].filter((name) => !now.has(name));
  return [
    ...gained.map((name) => change(about, "wider", `may offer ${name}, which a provider runs`)),
    ...lost.map((name) => change(about, "narrower", `may not offer ${name} any more`)),
  ];
}

function flagChanges(agent: string, [before, after]: Manifests): Change[] {
  const changes: Change[] = [];
  if (before.strict !== after.strict) {
    const says = after.strict
      ? "what is above a limit, or offers a tool that is not granted, is refused instead of cut down"
      : "what is above a limit, or offers a tool that is not granted, is cut down instead of refused";
    changes.push(change({ agent, about: "strict" }, after.strict ? "narrower" : "wider", says));
  }
  if (before.uncapped !== after.uncapped) {
    const says = after.uncapped
      ? "no money budget need draw on it"
      : "a money budget must draw on it";
    changes.push(change({ agent, about: "uncapped" }, after.uncapped ? "wider" : "narrower", says));
  }
  if (before.tellAgent !== after.tellAgent) {
    const says = after.tellAgent ? "is told its budget" : "is not told its budget any more";
    changes.push(change({ agent, about: "tell_agent" }, "other", says));
  }
  if (before.transcripts !== after.transcripts) {
    const says = after.transcripts
      ? "what its tasks say may be kept, where slipclutch.yaml says so"
      : "nothing is kept of what its tasks say";
    changes.push(change({ agent, about: "transcripts" }, "other", says));
  }
  return changes;
}

const ON_CHANGE: Readonly<Record<OnChange, string>> = {
  finish: "under the manifest that they began with",
  apply: "under the new manifest at once",
  strictest: "within what both manifests allow",
};

/** What both manifests allow is within either. */
function onChangeChanges(agent: string, [before, after]: Manifests): Change[] {
  const [old, now] = [before.onChange, after.onChange];
  if (old === now) return [];
  const says = `at a change running tasks go on ${ON_CHANGE[now]} instead of ${ON_CHANGE[old]}`;
  const direction =
    now === "strictest" ? "narrower" : old === "strictest" ? "wider" : "may-be-wider";
  return [change({ agent, about: "on_change" }, direction, says)];
}

/** A round is a call that is decided and charged like any other: nothing more is let through. */
function roundChanges(agent: string, [before, after]: Manifests): Change[] {
  return amountChanges(
    { agent, about: "refusal_rounds" },
    before.refusalRounds,
    after.refusalRounds,
    {
      says: (times) => `a model whose calls were all refused is asked again ${times}`,
      words: (rounds) => (rounds === 1 ? "once" : `${rounds} times`),
      more: "other",
      less: "other",
    },
  );
}
