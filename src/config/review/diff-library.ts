/** What a manifest grants to be read: wider or narrower. */
import { covers, type GrantedResource } from "../../guards/library/grants.ts";
import type { Manifest } from "../../guards/manifest/manifest.ts";
import type { RawPrompt } from "../library-schema.ts";
import { type Change, change } from "./change.ts";
import { argumentChanges } from "./diff-tools.ts";
import type { Reading } from "./reading.ts";
import type { Fits } from "./schema-values.ts";

export function libraryChanges(agent: string, sides: readonly Reading[], fits: Fits): Change[] {
  const [before = [], after = []] = sides.map((side) => resourcesOf(side, agent));
  const about = (one: GrantedResource) => ({ agent, about: resourceWords(one) });
  return [
    ...notIn(before, after).map((one) => change(about(one), "wider", "may be read")),
    ...notIn(after, before).map((one) => change(about(one), "narrower", "can no longer be read")),
    ...promptChanges(agent, sides, fits),
  ];
}

/** `desk, file:///data/a.txt`; a folder is told with what it means. */
export function resourceWords(one: GrantedResource): string {
  return "uri" in one ? `${one.server}, ${one.uri}` : `${one.server}, all below ${one.under}`;
}

/** Everything that may be read, in words. */
export function libraryWords({ library }: Manifest): readonly string[] {
  const prompts = library.prompts.allowed.map(({ server, tool }) => `${server}, prompt ${tool}`);
  return [...library.resources.map(resourceWords), ...prompts];
}

function resourcesOf({ configuration }: Reading, agent: string): readonly GrantedResource[] {
  return configuration.agents.get(agent)?.library.resources ?? [];
}

/** Those of the second list of which some may not be in the first. */
function notIn(
  known: readonly GrantedResource[],
  resources: readonly GrantedResource[],
): readonly GrantedResource[] {
  return resources.filter((one) => !known.some((other) => covers(other, one)));
}

function promptChanges(agent: string, sides: readonly Reading[], fits: Fits): Change[] {
  const [before = new Map(), after = new Map()] = sides.map((side) => promptsOf(side, agent));
  const changes: Change[] = [];
  for (const [name, raw] of after) {
    const old: RawPrompt | undefined = before.get(name);
    const about = { agent, about: name };
    if (old === undefined) changes.push(change(about, "wider", "a new prompt"));
    else changes.push(...argumentChanges(about, [{ raw: old }, { raw }], fits));
  }
  for (const name of before.keys()) {
    if (after.has(name)) continue;
    changes.push(change({ agent, about: name }, "narrower", "can no longer be got"));
  }
  return changes;
}

function promptsOf({ manifests }: Reading, agent: string): ReadonlyMap<string, RawPrompt> {
  const prompts = manifests.get(agent)?.data.allowed_prompts ?? [];
  return new Map(prompts.map((one) => [`${one.server}, prompt ${one.name}`, one]));
}
