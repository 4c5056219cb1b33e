/**
 * Tools that a request offers to the model and the client runs itself: their names, and how some of
 * them are taken out. What runs at the provider stays where it is: that is decided elsewhere.
 */
import type { ReadRequest } from "./format.ts";
import { isObject, type JsonObject } from "./json.ts";
import type { RequestEdits } from "./request-edits.ts";

/** Twice what any provider takes, so that a name can stand in a message and a journal. */
const NAME_CHARS_MAX = 256;

/** A field of a request that lists tools, and the fields that only mean something beside it. */
export interface ToolList {
  readonly name: string;
  /** Where the request says which of them must or may be called. */
  readonly choice: string;
  /** Others that a provider refuses once the list is gone. */
  readonly dependents: readonly string[];
  isOffered(tool: JsonObject): boolean;
  /** Every name that a tool, or a choice of one, goes by: a provider may read any of them. */
  namesOf(entry: JsonObject): readonly unknown[];
  /** The choice that leaves it to the model, whatever else the client has chosen. */
  leftToModel(choice: JsonObject): unknown;
  /** Where inside a choice the tools that may be called are listed. */
  allowedIn(choice: JsonObject): readonly string[];
}

/** Where an offered tool stands. */
interface Place {
  readonly list: ToolList;
  readonly index: number;
  readonly name: string;
}

/** Names of what is offered, in the order of the lists. */
export function offeredTools(root: JsonObject, lists: readonly ToolList[]): readonly string[] {
  return placesIn(root, lists).map((place) => place.name);
}

/** The one name among several spellings of it; "" where there is none, or no telling which. */
export function oneName(names: readonly unknown[]): string {
  let one: string | null = null;
  for (const name of names) {
    if (typeof name !== "string" || name === one) continue;
    if (one !== null) return "";
    one = name;
  }
  return one !== null && one.length <= NAME_CHARS_MAX ? one : "";
}

/** Takes offered tools out, by their places in `ask.offeredTools`. */
export function removeTools(
  request: ReadRequest,
  removed: ReadonlySet<number>,
  lists: readonly ToolList[],
  change: RequestEdits,
): void {
  const { root } = request;
  const places = placesIn(root, lists).filter((_, index) => removed.has(index));
  if (places.length === 0) return;
  for (const list of lists) {
    const gone = new Set(places.filter((place) => place.list === list).map(({ index }) => index));
    if (gone.size > 0) removeFrom(list, gone, root, change);
  }
  const all = lists.reduce((sum, list) => sum + itemsIn(root, list.name).length, 0);
  if (places.length === all) for (const list of lists) removeChoice(list, change);
}

function placesIn(root: JsonObject, lists: readonly ToolList[]): readonly Place[] {
  const places: Place[] = [];
  for (const list of lists) {
    itemsIn(root, list.name).forEach((tool, index) => {
      if (!isObject(tool) || !list.isOffered(tool)) return;
      places.push({ list, index, name: oneName(list.namesOf(tool)) });
    });
  }
  return places;
}

function removeFrom(
  list: ToolList,
  gone: ReadonlySet<number>,
  root: JsonObject,
  change: RequestEdits,
): void {
  const tools = itemsIn(root, list.name);
  if (gone.size === tools.length) {
    change.remove(list.name);
    removeChoice(list, change);
    return;
  }
  change.removeItems([list.name], gone);
  const choice = root[list.choice];
  if (isObject(choice)) narrowChoice(list, choice, namesGone(list, tools, gone), change);
}

function removeChoice(list: ToolList, change: RequestEdits): void {
  for (const name of [list.choice, ...list.dependents]) change.remove(name);
}

/** Names that no tool of the list goes by any more. */
function namesGone(
  list: ToolList,
  tools: readonly unknown[],
  gone: ReadonlySet<number>,
): ReadonlySet<unknown> {
  const names = new Set(tools.flatMap((tool, at) => (gone.has(at) ? namesIn(list, tool) : [])));
  for (const [at, tool] of tools.entries()) {
    if (gone.has(at)) continue;
    for (const name of namesIn(list, tool)) names.delete(name);
  }
  return names;
}

/** A choice without the names that are gone; one that has no other is left to the model. */
function narrowChoice(
  list: ToolList,
  choice: JsonObject,
  gone: ReadonlySet<unknown>,
  change: RequestEdits,
): void {
  const isGone = (entry: unknown) => namesIn(list, entry).some((name) => gone.has(name));
  const path = list.allowedIn(choice);
  const allowed = listAt(choice, path);
  const places = allowed.flatMap((entry, at) => (isGone(entry) ? [at] : []));
  const noneLeft = places.length > 0 && places.length === allowed.length;
  if (isGone(choice) || noneLeft) change.set(list.choice, list.leftToModel(choice));
  else if (places.length > 0) change.removeItems([list.choice, ...path], new Set(places));
}

function namesIn(list: ToolList, entry: unknown): readonly unknown[] {
  const names = isObject(entry) ? list.namesOf(entry) : [];
  return names.filter((name) => typeof name === "string");
}

function itemsIn(root: JsonObject, name: string): readonly unknown[] {
  const items = root[name];
  return Array.isArray(items) ? items : [];
}

/** The list at the end of a path; an empty one where there is none. */
function listAt(from: JsonObject, path: readonly string[]): readonly unknown[] {
  let value: unknown = from;
  for (const name of path) value = isObject(value) ? value[name] : null;
  return Array.isArray(value) ? value : [];
}
