/** Labels: which budgets an agent draws on, and who may not approve its calls. */
import type { Budget } from "../../guards/budget/budget.ts";
import type { Manifest } from "../../guards/manifest/manifest.ts";
import { type Change, change } from "./change.ts";
import { coveringBudgets } from "./diff-budgets.ts";
import type { Reading } from "./reading.ts";

type Sides = readonly [before: Reading, after: Reading];
type Manifests = readonly [before: Manifest, after: Manifest];

const GROUPS = ["team", "org"] as const;

export function labelChanges(agent: string, pair: Manifests, sides: Sides): Change[] {
  return [...groupChanges(agent, pair, sides), ...ownerChanges(agent, pair)];
}

function groupChanges(agent: string, [before, after]: Manifests, sides: Sides): Change[] {
  const changed = GROUPS.filter((group) => before.labels[group] !== after.labels[group]);
  if (changed.length === 0) return [];
  const told = budgetChanges(agent, [before, after], sides);
  if (told.length > 0) return told;
  return changed.map((group) => {
    const [old, now] = [before.labels[group] ?? "none", after.labels[group] ?? "none"];
    const says = `its ${group} is ${now} instead of ${old}; it draws on the same budgets`;
    return change({ agent, about: `labels.${group}` }, "other", says);
  });
}

function budgetChanges(agent: string, pair: Manifests, [before, after]: Sides): Change[] {
  const [old, now] = [coveringBudgets(before, agent), coveringBudgets(after, agent)];
  // A budget that came or went is told once, for all agents.
  const find = (name: string, { configuration }: Reading) =>
    configuration.budgets.find((budget) => budget.name === name);
  const lost = [...old].filter((name) => !now.has(name) && find(name, after) !== undefined);
  const gained = [...now].filter((name) => !old.has(name) && find(name, before) !== undefined);
  const kept = [...now].filter((name) => old.has(name));
  return [
    ...lost.map((name) =>
      change({ agent, about: name }, "wider", "no longer draws on this budget"),
    ),
    ...gained.map((name) => change({ agent, about: name }, "narrower", "draws on this budget")),
    ...kept.flatMap((name) => partChanges(agent, find(name, after), pair)),
  ];
}

/** Of a budget for each team the other team's part may have more left. */
function partChanges(agent: string, budget: Budget | undefined, pair: Manifests): Change[] {
  return GROUPS.flatMap((group) => {
    const [old, now] = pair.map(({ labels }) => labels[group]);
    if (budget?.each !== group || old === now) return [];
    const says = `draws on what ${now} has of this budget instead of ${old}`;
    return [change({ agent, about: budget.name }, "may-be-wider", says)];
  });
}

/** Nobody approves the calls of an agent that they answer for. */
function ownerChanges(agent: string, [before, after]: Manifests): Change[] {
  const [old, now] = [before.labels.owner, after.labels.owner];
  if (old === now) return [];
  const about = { agent, about: "labels.owner" };
  const mayNot = `${now} answers for it, and may not approve its calls`;
  if (old === null) return [change(about, "narrower", mayNot)];
  const may = `${old} does not answer for it any more, and may approve its calls`;
  if (now === null) return [change(about, "wider", may)];
  return [change(about, "may-be-wider", `${mayNot}; ${old}, who did, may now`)];
}
