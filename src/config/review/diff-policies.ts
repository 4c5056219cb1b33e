/**
 * Policies: which of them decide whose calls, and what they are made of. All that are bound have to
 * allow a call, so that one more only narrows; what another text lets through nobody can prove.
 */
import { fits } from "../../guards/notice/route.ts";
import type { Binding } from "../../guards/policy/rules.ts";
import type { BoundPolicy } from "../bound-policies.ts";
import { type About, type Change, change, type Direction } from "./change.ts";
import { engineChanges } from "./diff-policy-engine.ts";
import { policyTextChanges } from "./diff-policy-texts.ts";
import type { Reading } from "./reading.ts";

type Sides = readonly [before: Reading, after: Reading];
type Pair = readonly [before: BoundPolicy, after: BoundPolicy];

export function policyChanges(sides: Sides): readonly Change[] {
  const [before, after] = sides.map(({ configuration }) => configuration.policies);
  const [old, now] = [before?.bound ?? [], after?.bound ?? []];
  const pairs = pairsOf(old, now);
  const gone = old.filter((one) => !pairs.some(([was]) => was === one));
  const added = now.filter((one) => !pairs.some(([, is]) => is === one));
  const agents = [...sides[1].configuration.agents.keys()];
  return [
    ...gone.map((one) => goneChange(one, agents)),
    ...added.map(addedChange),
    ...pairs.flatMap((pair) => boundChanges(pair, agents)),
    ...(before && after ? engineChanges([before, after], sides) : []),
    // Before the first of them nothing was decided, and after the last nothing is.
    ...(old.length > 0 && now.length > 0 ? policyTextChanges(sides) : []),
  ];
}

/** By name; one that has another name now and decides the same is the same policy. */
function pairsOf(old: readonly BoundPolicy[], now: readonly BoundPolicy[]): readonly Pair[] {
  const left = new Set(now);
  const take = (is: (one: BoundPolicy) => boolean): BoundPolicy | undefined => {
    const found = [...left].find(is);
    if (found !== undefined) left.delete(found);
    return found;
  };
  const named = old.flatMap((one): Pair[] => {
    const same = take(({ binding }) => binding.name === one.binding.name);
    return same === undefined ? [] : [[one, same]];
  });
  const others = old.filter((one) => !named.some(([was]) => was === one));
  const renamed = others.flatMap((one): Pair[] => {
    const same = take((other) => decidesSame(one, other));
    return same === undefined ? [] : [[one, same]];
  });
  return [...named, ...renamed];
}

function decidesSame(one: BoundPolicy, other: BoundPolicy): boolean {
  const decided = ({ agents, binding: { lenient, on, path, resourceType } }: BoundPolicy) =>
    JSON.stringify([agents, lenient, on, path, resourceType]);
  return decided(one) === decided(other);
}

function aboutPolicy({ binding }: BoundPolicy): About {
  return { agent: null, about: `policy ${binding.name}` };
}

/** Of agents that are gone too it would decide nothing. */
function goneChange(one: BoundPolicy, agents: readonly string[]): Change {
  const isHeld = agents.some((agent) => one.agents.some((pattern) => fits(pattern, agent)));
  const direction = one.binding.on === "ask" ? "narrower" : isHeld ? "wider" : "other";
  return change(aboutPolicy(one), direction, `is gone; it ${decidesWords(one)}`);
}

function addedChange(one: BoundPolicy): Change {
  const says = `is new, and ${decidesWords(one)}`;
  const direction = one.binding.expose ? "wider" : "narrower";
  return change(aboutPolicy(one), direction, says);
}

/** `decides calls of tools by all agents`. */
function decidesWords({ agents, binding }: BoundPolicy): string {
  const { expose, on, resourceType } = binding;
  const of = resourceType === null ? "" : ` about a ${resourceType}`;
  const whose = `by ${agentWords(agents)}`;
  if (on === "ask") return `may be asked ${whose}, and decides nothing here`;
  return `decides calls of ${on}s${of} ${whose}${expose ? ", who may ask it too" : ""}`;
}

function agentWords(agents: readonly string[]): string {
  return agents.includes("*") ? "all agents" : agents.join(", ");
}

function boundChanges(pair: Pair, agents: readonly string[]): Change[] {
  const [before, after] = pair;
  const about = aboutPolicy(after);
  const [old, now] = [before.binding, after.binding];
  const told = (changed: boolean, direction: Direction, says: string) =>
    changed ? [change(about, direction, says)] : [];
  return [
    ...told(old.name !== now.name, "other", `was called ${old.name}`),
    ...told(
      queryWords(old) !== queryWords(now),
      "may-be-wider",
      `asks ${queryWords(now)} instead of ${queryWords(old)}`,
    ),
    ...told(
      old.on !== now.on,
      "may-be-wider",
      `${decidesWords(after)}; before it ${decidesWords(before)}`,
    ),
    ...typeChanges(about, old, now),
    ...agentChanges(about, pair, agents),
    ...told(
      old.lenient !== now.lenient,
      now.lenient ? "wider" : "narrower",
      `an error of a built-in function is ${now.lenient ? "undefined, and no refusal" : "a refusal"}`,
    ),
    ...told(
      old.expose !== now.expose,
      now.expose ? "wider" : "narrower",
      now.expose ? "agents may ask it" : "agents may not ask it any more",
    ),
    ...told(
      old.tell !== now.tell,
      "other",
      now.tell ? "agents are told its reasons" : "agents are not told its reasons any more",
    ),
  ];
}

/** `data.agent.authz.allow` */
export function queryWords({ path }: Binding): string {
  const part = (name: string) =>
    /^[A-Za-z_]\w*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
  return `data${path.map(part).join("")}`;
}

function typeChanges(about: About, { resourceType: old }: Binding, is: Binding): Change[] {
  const { resourceType: now } = is;
  if (old === now) return [];
  if (now === null) {
    return [change(about, "narrower", `decides all calls, not only those about a ${old}`)];
  }
  if (old === null) {
    return [change(about, "wider", `decides only calls about a ${now}, and no others any more`)];
  }
  return [change(about, "may-be-wider", `decides calls about a ${now} instead of a ${old}`)];
}

/** Patterns that fit nobody who is left held nobody. */
function agentChanges(about: About, pair: Pair, agents: readonly string[]): Change[] {
  const [before, after] = pair.map((one) => one.agents.toSorted());
  const [old = [], now = []] = [before, after];
  if (old.join() === now.join()) return [];
  const held = old.filter((pattern) => agents.some((agent) => fits(pattern, agent)));
  const [fewer, more] = [areWithin(now, old), areWithin(held, now)];
  const direction = more ? (fewer ? "other" : "narrower") : fewer ? "wider" : "may-be-wider";
  const says = `decides the calls of ${agentWords(now)} instead of those of ${agentWords(old)}`;
  return [change(about, direction, says)];
}

/** A pattern whose `*` is read as a letter fits only where every text that it stands for does. */
function areWithin(narrow: readonly string[], wide: readonly string[]): boolean {
  return narrow.every((one) => wide.some((other) => fits(other, one)));
}
