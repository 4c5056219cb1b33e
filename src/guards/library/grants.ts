/**
 * What a manifest grants to be read: resources by their URIs, and prompts by their names. There are
 * no patterns: a resource is granted letter by letter, or with all that is below a folder.
 */
import type { GrantedTool, ToolGrants } from "../tool/tool.ts";
import { isBelow, isTemplateBelow } from "./uri.ts";

export type GrantedResource = { readonly server: string } & (
  | { readonly uri: string }
  /** Ends in "/": all that is below it, and not the folder itself. */
  | { readonly under: string }
);

/** Prompts are named as tools are, so they are granted in their form; `tool` is the name. */
export type PromptGrants = Pick<ToolGrants, "allowed" | "observed" | "blacklisted">;

export interface LibraryGrants {
  readonly resources: readonly GrantedResource[];
  readonly prompts: PromptGrants;
}

export const NO_LIBRARY: LibraryGrants = {
  resources: [],
  prompts: { allowed: [], observed: [], blacklisted: new Set() },
};

/** What is granted of one server, or of all. */
export function ofServer(
  { prompts, resources }: LibraryGrants,
  server: string | null,
): { readonly resources: readonly GrantedResource[]; readonly prompts: readonly GrantedTool[] } {
  const isOf = (granted: { readonly server: string }) =>
    server === null || granted.server === server;
  return { resources: resources.filter(isOf), prompts: prompts.allowed.filter(isOf) };
}

/** The servers of which this resource is granted: of several it is not clear which is meant. */
export function serversOf(uri: string, granted: readonly GrantedResource[]): readonly string[] {
  return among(granted, (one) => ("uri" in one ? uri === one.uri : isBelow(uri, one.under)));
}

/** The servers of which all is granted that this template makes. */
export function serversOfTemplate(
  template: string,
  granted: readonly GrantedResource[],
): readonly string[] {
  return among(granted, (one) => "under" in one && isTemplateBelow(template, one.under));
}

function among(
  granted: readonly GrantedResource[],
  covers: (one: GrantedResource) => boolean,
): readonly string[] {
  return [...new Set(granted.filter(covers).map(({ server }) => server))];
}

/** Only what both grant. */
export function libraryOfBoth(now: LibraryGrants, before: LibraryGrants): LibraryGrants {
  const resources = now.resources.flatMap((one) =>
    before.resources.flatMap((other) => resourceOfBoth(one, other) ?? []),
  );
  const allowed = now.prompts.allowed.flatMap((one) => {
    const same = before.prompts.allowed.find(
      ({ server, tool }) => server === one.server && tool === one.tool,
    );
    return same === undefined ? [] : [promptOfBoth(one, same)];
  });
  return { resources, prompts: { ...now.prompts, allowed } };
}

/** Null: they have nothing in common. */
function resourceOfBoth(one: GrantedResource, other: GrantedResource): GrantedResource | null {
  if (covers(one, other)) return other;
  return covers(other, one) ? one : null;
}

/** Whether all of the second grant is in the first. */
export function covers(one: GrantedResource, other: GrantedResource): boolean {
  if (one.server !== other.server) return false;
  if ("uri" in one) return "uri" in other && one.uri === other.uri;
  if ("uri" in other) return isBelow(other.uri, one.under);
  // Not by its beginning alone: below memo:/ is nothing of memo://host/.
  return other.under === one.under || isBelow(other.under.slice(0, -1), one.under);
}

function promptOfBoth(now: GrantedTool, before: GrantedTool): GrantedTool {
  const [one, other] = [now.check, before.check];
  if (one === null || other === null) return { ...now, check: one ?? other };
  return { ...now, check: (value) => one(value) ?? other(value) };
}
