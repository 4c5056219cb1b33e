/**
 * The names that clients call one tool by. A tool is `{ server, tool }`; all else is a spelling of
 * it, so that a verdict does not depend on who asks:
 *
 *   tool                        where no other tool of the agent is spelled so
 *   server__tool
 *   a shortened one with a hash where the spelling would be too long, or is not clear
 *   mcp__<anything>__           before any of them: what clients put before an MCP server's names
 *
 * An allow is exact (after NFC). The blacklist is not: it holds for every name that folds to one of
 * its own, with and without what stands before `__`, `/` or `:`, and it wins over everything. A
 * spelling that may mean two tools means none.
 */
import { foldName } from "./fold.ts";
import { HASH_DIGITS, hashOf } from "./short-hash.ts";
import type { GrantedTool, ToolGrants, ToolId } from "./tool.ts";

export { foldName };

/** Clients and model providers take no longer names for tools. */
export const DISPLAY_CHARS_MAX = 64;
/** Folding costs time by length: nobody's tool has such a name. */
export const NAME_CHARS_MAX = 512;

const HASHED = /_[0-9a-f]{8}$/;
const CLIENT_PREFIX = "mcp__";
const CLIENT_PREFIX_FOLDED = "mcp_";
/** Behind every place where what a client put before a name can end. */
const CLIENT_PREFIX_ENDS = /(?<=^mcp__.+__)/gs;
const PREFIX_ENDS = /(?<=__|[/:])/g;

/**
 * The gateway's own tool, which every agent has on the road of all its tools: what it may still
 * spend. No server and no manifest can have one that looks like it.
 */
export const BUDGET_TOOL = "slipclutch_budget";

/** Whether this means the gateway's own tool, also with a client's prefix before it. */
export function isBudgetTool(name: string): boolean {
  return name.length <= NAME_CHARS_MAX && spellingsIn(name).includes(BUDGET_TOOL);
}

/** Whether a reader could take this name for the gateway's own tool. */
export function looksLikeBudgetTool(name: string): boolean {
  return foldName(name) === foldName(BUDGET_TOOL);
}

type NamedGrants = Pick<ToolGrants, "allowed" | "observed" | "blacklisted">;

/** Which granted tool a client means; `server`: it asks on that server's own URL. */
export function resolveTool(
  name: string,
  grants: NamedGrants,
  server: string | null,
): GrantedTool | "unknown" | "blacklisted" {
  if (name.length > NAME_CHARS_MAX) return "unknown";
  if (isBlacklisted(name, grants.blacklisted)) return "blacklisted";
  const granted = resolveAmong(name, grants.allowed, grants, server);
  if (granted !== "unknown" || grants.observed.length === 0) return granted;
  // What is granted means what it always means; a name that is not may mean another tool.
  return resolveAmong(name, existing(grants), grants, server);
}

function resolveAmong(
  name: string,
  tools: readonly GrantedTool[],
  grants: NamedGrants,
  server: string | null,
): ReturnType<typeof resolveTool> {
  const near = onServer(nearTo(name, spelledIn(tools)), server);
  const usable = near.filter((tool) => !isKnownBlacklisted(tool, grants.blacklisted));
  if (near.length > 0 && usable.length === 0) return "blacklisted";
  const [tool, ...others] = meantBy(name, new Spelled(usable));
  return tool !== undefined && others.length === 0 ? tool : "unknown";
}

/**
 * What exists for the agent, on all servers or on one: granted and not blacklisted, or let through
 * while it is observed.
 */
export function usableTools(grants: ToolGrants, server: string | null): readonly GrantedTool[] {
  const { blacklisted } = grants;
  return onServer(existing(grants), server).filter((tool) => !isToolBlacklisted(tool, blacklisted));
}

/**
 * The name by which each of these tools is shown, one that means this tool and no other, also with
 * a client's prefix before it. `tools` are those of `usableTools`. A tool that no name would mean
 * has none and is not shown: that takes names made to collide.
 */
export function displayNames(tools: readonly GrantedTool[]): Map<GrantedTool, string> {
  const spelled = new Spelled(tools);
  const names = new Map<GrantedTool, string>();
  for (const tool of tools) {
    for (const spelling of shownAs(tool, spelled)) {
      if (!isClear(spelling, tool, spelled)) continue;
      names.set(tool, spelling);
      break;
    }
  }
  return names;
}

/** What could be its name, the best first; hashes are made only where they are wanted. */
function* shownAs(tool: GrantedTool, spelled: Spelled): Iterable<string> {
  const { bare, full } = plainSpellings(tool);
  const alone = spelled.bare(bare).length === 1;
  if (alone) yield bare;
  if (alone) yield hashedSpellings(tool)[0];
  yield full;
  yield hashedSpellings(tool)[1];
}

/** Whether a tool is blacklisted by any name that it could be called by. */
export function isToolBlacklisted(tool: ToolId, blacklisted: ReadonlySet<string>): boolean {
  if (blacklisted.size === 0) return false;
  return spellingsOf(tool).some((spelling) => isBlacklisted(spelling, blacklisted));
}

function isClear(name: string, tool: GrantedTool, spelled: Spelled): boolean {
  if (name.length > DISPLAY_CHARS_MAX) return false;
  const prefixed = meantBy(`${CLIENT_PREFIX}x__${name}`, spelled);
  const meant = new Set([...meantBy(name, spelled), ...prefixed]);
  return meant.size === 1 && meant.has(tool);
}

function isBlacklisted(name: string, blacklisted: ReadonlySet<string>): boolean {
  if (blacklisted.size === 0) return false;
  return suffixesOf(name.normalize("NFKC"), PREFIX_ENDS).some((suffix) => {
    const folded = foldName(suffix);
    return blacklisted.has(folded) || isBehindClient(folded, blacklisted);
  });
}

/** An entry was written as a client shows the tool. Where its prefix ends is folded away. */
function isBehindClient(folded: string, blacklisted: ReadonlySet<string>): boolean {
  for (const entry of blacklisted) {
    if (entry.startsWith(CLIENT_PREFIX_FOLDED) && entry.endsWith(`_${folded}`)) return true;
  }
  return false;
}

/** What a name means: the bare one of several tools means none of them. */
function meantBy(name: string, spelled: Spelled): readonly GrantedTool[] {
  const meant = spellingsIn(name).flatMap((spelling) => {
    const bare = spelled.bare(spelling);
    const longer = spelled.longer(spelling);
    return bare.length === 1 ? [...bare, ...longer] : longer;
  });
  return [...new Set(meant)];
}

/** Some tools by their spellings: a name is looked up instead of compared with each of them. */
class Spelled {
  readonly #tools: readonly GrantedTool[];
  readonly #bare: Index;
  readonly #full: Index;
  #hashed: Index | null = null;

  constructor(tools: readonly GrantedTool[]) {
    this.#tools = tools;
    this.#bare = indexed(tools, (tool) => [plainSpellings(tool).bare]);
    this.#full = indexed(tools, (tool) => [plainSpellings(tool).full]);
  }

  bare(spelling: string): readonly GrantedTool[] {
    return this.#bare.get(spelling) ?? [];
  }

  longer(spelling: string): readonly GrantedTool[] {
    const full = this.#full.get(spelling) ?? [];
    if (!HASHED.test(spelling)) return full;
    // Few names look like that, and hashes of all tools are dear.
    this.#hashed ??= indexed(this.#tools, hashedSpellings);
    return [...full, ...(this.#hashed.get(spelling) ?? [])];
  }
}

type Index = ReadonlyMap<string, readonly GrantedTool[]>;

function indexed(
  tools: readonly GrantedTool[],
  spellings: (tool: ToolId) => readonly string[],
): Index {
  const index = new Map<string, GrantedTool[]>();
  for (const tool of tools) {
    for (const spelling of new Set(spellings(tool))) {
      const same = index.get(spelling);
      if (same === undefined) index.set(spelling, [tool]);
      else same.push(tool);
    }
  }
  return index;
}

/** Every tool that is spelled so, alone or not. */
function nearTo(name: string, spelled: Spelled): readonly GrantedTool[] {
  const near = spellingsIn(name).flatMap((spelling) => [
    ...spelled.bare(spelling),
    ...spelled.longer(spelling),
  ]);
  return [...new Set(near)];
}

/** Made at the first call under a manifest, and gone with it. */
const SPELLED = new WeakMap<readonly GrantedTool[], Spelled>();

function spelledIn(tools: readonly GrantedTool[]): Spelled {
  const known = SPELLED.get(tools) ?? new Spelled(tools);
  SPELLED.set(tools, known);
  return known;
}

const EXISTING = new WeakMap<NamedGrants, readonly GrantedTool[]>();

function existing(grants: NamedGrants): readonly GrantedTool[] {
  const { allowed, observed } = grants;
  if (observed.length === 0) return allowed;
  const known = EXISTING.get(grants) ?? [...allowed, ...observed];
  EXISTING.set(grants, known);
  return known;
}

const BLACKLISTED = new WeakMap<ReadonlySet<string>, WeakMap<GrantedTool, boolean>>();

/** Folding is the dear part: it is done once for each tool and blacklist. */
function isKnownBlacklisted(tool: GrantedTool, blacklisted: ReadonlySet<string>): boolean {
  const known = BLACKLISTED.get(blacklisted) ?? new WeakMap<GrantedTool, boolean>();
  BLACKLISTED.set(blacklisted, known);
  const is = known.get(tool) ?? isToolBlacklisted(tool, blacklisted);
  known.set(tool, is);
  return is;
}

/** The name, and what is left of it without a client's prefix. */
function spellingsIn(name: string): readonly string[] {
  return suffixesOf(name.normalize("NFC"), CLIENT_PREFIX_ENDS);
}

/** With its server's name before it: the one name that is always clear. */
export function fullName(id: ToolId): string {
  return plainSpellings(id).full;
}

type Spellings = readonly [bare: string, full: string, bareHashed: string, fullHashed: string];

function spellingsOf(tool: ToolId): Spellings {
  const { bare, full } = plainSpellings(tool);
  return [bare, full, ...hashedSpellings(tool)];
}

function plainSpellings({ server, tool }: ToolId): {
  readonly bare: string;
  readonly full: string;
} {
  return { bare: tool.normalize("NFC"), full: `${server}__${tool}`.normalize("NFC") };
}

/** Of the whole identity; without `__`, so that no part of one can be taken for another name. */
function hashedSpellings(id: ToolId): readonly [bareHashed: string, fullHashed: string] {
  const hash = hashOf(JSON.stringify([id.server, id.tool].map((part) => part.normalize("NFC"))));
  const { bare, full } = plainSpellings(id);
  return [hashed(bare, hash), hashed(full, hash)];
}

function hashed(name: string, hash: string): string {
  const head = cut(name.replace(/__+/g, "_"), DISPLAY_CHARS_MAX - HASH_DIGITS - 1);
  return `${head.replace(/_$/, "")}_${hash}`;
}

/** The name itself, and what is left of it behind each place where a prefix can end. */
function suffixesOf(name: string, ends: RegExp): readonly string[] {
  return [name, ...Array.from(name.matchAll(ends), ({ index }) => name.slice(index))];
}

/** At most so many UTF-16 units, and never half a character. */
function cut(text: string, unitsMax: number): string {
  let end = 0;
  for (const character of text) {
    if (end + character.length > unitsMax) break;
    end += character.length;
  }
  return text.slice(0, end);
}

function onServer(tools: readonly GrantedTool[], server: string | null): readonly GrantedTool[] {
  return server === null ? tools : tools.filter((tool) => tool.server === server);
}
