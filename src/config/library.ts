/** What a manifest grants to be read → grants in force, held against the tool servers there are. */
import { covers, type GrantedResource, type LibraryGrants } from "../guards/library/grants.ts";
import { readOf } from "../guards/library/reading.ts";
import { isBelow } from "../guards/library/uri.ts";
import type { GrantedTool } from "../guards/tool/tool.ts";
import type { Issue } from "./configuration.ts";
import { issueAt, otherName } from "./issues.ts";
import type { RawPrompt, RawResource } from "./library-schema.ts";
import type { RawManifest } from "./manifest-schema.ts";
import type { Path, Source } from "./source.ts";
import type { Tooling } from "./tooling.ts";

interface ReadLibrary {
  readonly library: LibraryGrants;
  readonly issues: readonly Issue[];
  readonly warnings: readonly Issue[];
}

export function libraryOf(raw: RawManifest, source: Source, tooling: Tooling): ReadLibrary {
  const found = new Found(source, tooling);
  const resources: GrantedResource[] = [];
  for (const [index, one] of (raw.allowed_resources ?? []).entries()) {
    const granted = resourceOf(one, ["allowed_resources", index], found);
    if (granted === null) continue;
    warnOfOthers(granted, resources, ["allowed_resources", index], found);
    resources.push(granted);
  }
  const prompts: GrantedTool[] = [];
  for (const [index, one] of (raw.allowed_prompts ?? []).entries()) {
    const granted = promptOf(one, ["allowed_prompts", index], found);
    const isTwice = prompts.some(
      ({ server, tool }) => server === granted.server && tool === granted.tool,
    );
    const hint = "Remove one of the two: it is not clear which holds.";
    if (isTwice) found.refuse(["allowed_prompts", index, "name"], "each prompt once", hint);
    prompts.push(granted);
  }
  const granted = { allowed: prompts, observed: [], blacklisted: new Set<string>() };
  const library = { resources, prompts: granted };
  return { library, issues: found.issues, warnings: found.warnings };
}

/** What is wrong with one manifest's grants, and what they are held against. */
class Found {
  readonly issues: Issue[] = [];
  readonly warnings: Issue[] = [];
  readonly tooling: Tooling;
  readonly #source: Source;

  constructor(source: Source, tooling: Tooling) {
    this.#source = source;
    this.tooling = tooling;
  }

  refuse(path: Path, expected: string, hint: string): void {
    this.issues.push(issueAt(this.#source, path, expected, hint));
  }

  warn(path: Path, expected: string, hint: string): void {
    this.warnings.push(issueAt(this.#source, path, expected, hint));
  }

  /** Only MCP has resources and prompts. */
  checkServer(name: string, path: Path): void {
    const { servers } = this.tooling;
    const server = servers.get(name);
    if (server?.kind === "mcp" || server?.kind === "mcp-command") return;
    const able = [...servers.values()].filter(({ kind }) => kind.startsWith("mcp"));
    const hint = otherName(
      name,
      able.map((one) => one.name),
    );
    this.refuse([...path, "server"], "a tool server of kind: mcp", hint);
  }
}

/** Null: it is neither one resource nor a folder. */
function resourceOf(
  { server, under, uri }: RawResource,
  path: Path,
  found: Found,
): GrantedResource | null {
  found.checkServer(server, path);
  if (uri !== undefined && under === undefined) return { server, uri };
  if (under === undefined || uri !== undefined) {
    const hint = "uri is one resource, under a folder of them: write one of the two.";
    found.refuse([...path, "uri"], "either uri or under", hint);
    return null;
  }
  const wrong = folderProblem(under);
  if (wrong !== null) found.refuse([...path, "under"], wrong.expected, wrong.hint);
  return { server, under };
}

/** Compared as it is written, so it has to be written as every parser writes it. */
function folderProblem(under: string): { readonly expected: string; readonly hint: string } | null {
  const expected = "the URI of a folder, which ends in /";
  if (!URL.canParse(under)) return { expected, hint: "Like file:///data/." };
  const { hash, href, password, pathname, search, username } = new URL(under);
  if (href !== under) return { expected: "it in its one plain form", hint: `Write ${href}` };
  if (search !== "" || hash !== "" || !pathname.startsWith("/") || !under.endsWith("/")) {
    return { expected, hint: "Like file:///data/ or notes://work/: what is below it is granted." };
  }
  if (username !== "" || password !== "") {
    return { expected: "it without a user", hint: "Who asks is said by the server's own auth." };
  }
  const root = under.slice(0, under.length - pathname.length + 1);
  if (pathname === "/" || isBelow(root + pathname.slice(1, -1), root)) return null;
  const hint = "No empty parts, dots, encoded separators or backslashes.";
  return { expected: "a folder that every reader takes for the same", hint };
}

const TWICE = "Remove one of the two.";

function warnOfOthers(
  granted: GrantedResource,
  before: readonly GrantedResource[],
  path: Path,
  found: Found,
): void {
  if (before.some((other) => covers(other, granted) || covers(granted, other))) {
    found.warn(path, "what is not granted already", TWICE);
  }
  const others = before.filter(({ server }) => server !== granted.server);
  const asIts = others.map((other) => ({ ...other, server: granted.server }));
  const both = asIts.some((other) => covers(other, granted) || covers(granted, other));
  if (!both) return;
  const hint = "At /mcp such a URI means neither: agents then have to ask at /mcp/SERVER.";
  found.warn(path, "URIs that no other server is granted", hint);
}

function promptOf({ server, name, ...raw }: RawPrompt, path: Path, found: Found): GrantedTool {
  const { schemas } = found.tooling;
  found.checkServer(server, path);
  const given = raw.arguments;
  if (given === undefined) return readOf({ server, tool: name }, null);
  for (const { path: inside, expected, hint, warning } of schemas.problems(given)) {
    const at = [...path, "arguments", ...inside];
    if (warning) found.warn(at, expected, hint);
    else found.refuse(at, expected, hint);
  }
  return readOf({ server, tool: name }, schemas.check(given));
}
