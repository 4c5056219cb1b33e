/** What is valid and still wrong with a guardrails folder: mistakes, and grants too broad. */
import type { Manifest } from "../../guards/manifest/manifest.ts";
import { foldName, isToolBlacklisted, usableTools } from "../../guards/tool/names.ts";
import { isAsPinned, shortPin } from "../../guards/tool/pin.ts";
import type { ToolId } from "../../guards/tool/tool.ts";
import { nearest } from "../issues.ts";
import { lineOf, type Path, pathText } from "../source.ts";
import { type Tool, toolsOf } from "./granted-tools.ts";
import { argumentFindings, limitFindings } from "./lint-arguments.ts";
import { libraryFindings } from "./lint-library.ts";
import { neverBinds } from "./lint-rates.ts";
import { type Finding, LINT_RULES, type Told } from "./lint-rules.ts";
import type { Reading } from "./reading.ts";

/** What a server offers now: pins by the names of its tools; or why it did not say. */
export type Offer =
  | { readonly kind: "offered"; readonly pins: ReadonlyMap<string, string | null> }
  | { readonly kind: "away"; readonly because: string };

/** By server; those that were not asked are missing. */
export type Offers = ReadonlyMap<string, Offer>;

interface Place {
  readonly reading: Reading;
  readonly manifest: Manifest;
  readonly offers: Offers;
}

export function lint(reading: Reading, offers: Offers): readonly Finding[] {
  const { configuration, main, manifests } = reading;
  const found: Finding[] = [];
  for (const [agent, { source }] of manifests) {
    const manifest = configuration.agents.get(agent);
    if (manifest === undefined) continue;
    const place = { reading, manifest, offers };
    for (const told of agentFindings(place)) found.push(findingAt(told, source));
  }
  for (const [name, offer] of offers) {
    if (offer.kind !== "away") continue;
    const hint = "Start it, or correct its url; without --online it is not asked.";
    const says = `${name} did not say what it offers: ${offer.because}`;
    const told = { rule: "server.unreachable", path: ["tool_servers", name], says, hint } as const;
    found.push(findingAt(told, main.source));
  }
  return [...found, ...warningsBeside(found, reading)].toSorted(inOrder);
}

function findingAt({ hint, path, rule, says }: Told, source: Reading["main"]["source"]): Finding {
  return {
    ...{ rule, level: LINT_RULES[rule].level, file: source.file },
    ...{ line: lineOf(source, path), path: pathText(path), says, hint },
  };
}

/** What `check` warns of, but for what was found by a rule of its own at the same place. */
function warningsBeside(found: readonly Finding[], { warnings }: Reading): readonly Finding[] {
  const known = new Set(found.map(({ file, path }) => `${file} ${path}`));
  return warnings
    .filter(({ file, path }) => !known.has(`${file} ${path}`))
    .map(({ expected, file, got, hint, line, path }) => ({
      ...({ rule: "folder.warning", level: "warning", file, line, path, hint } as const),
      says: `got ${got}, expected ${expected}`,
    }));
}

function inOrder(a: Finding, b: Finding): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return (a.line ?? 0) - (b.line ?? 0);
}

function agentFindings(place: Place): readonly Told[] {
  const { manifest, reading } = place;
  const tools = [...toolsOf(reading, manifest.agent).values()];
  return [
    ...wholeFindings(place),
    ...blacklistFindings(place),
    ...libraryFindings(place.manifest),
    ...tools.flatMap((tool) => toolFindings(tool, place)),
  ];
}

function wholeFindings({ manifest }: Place): readonly Told[] {
  const found: Told[] = [];
  if (manifest.uncapped) {
    const hint = "Add a budget with limit_usd that covers it, and leave uncapped out.";
    const says = `nothing bounds what ${manifest.agent} can cost`;
    found.push({ rule: "agent.uncapped", path: ["uncapped"], says, hint });
  }
  if (manifest.models === null) {
    const hint = "List under models those that it needs; none is models: [].";
    const says = `${manifest.agent} may use every model that has a price`;
    found.push({ rule: "agent.any-model", path: [], says, hint });
  }
  return found;
}

function blacklistFindings({ manifest, offers, reading }: Place): readonly Told[] {
  const data = reading.manifests.get(manifest.agent)?.data;
  const known = knownTools(reading, manifest, offers);
  const usable = new Set(usableTools(manifest.tools, null));
  const granted = manifest.tools.allowed.flatMap((tool, index): Told[] => {
    if (usable.has(tool)) return [];
    const hint = "Remove it from one of the two; the blacklist wins.";
    const path = ["allowed_tools", index, "tool_name"];
    return [{ rule: "tool.blacklisted", path, says: `${tool.tool} is blacklisted`, hint }];
  });
  const entries = (["blacklisted_tools", "denied_tools"] as const).flatMap((key) =>
    (data?.[key] ?? []).flatMap((name, index): Told[] => {
      const entry = new Set([foldName(name)]);
      if (known.some((tool) => isToolBlacklisted(tool, entry))) return [];
      const near = nearest(
        name,
        known.flatMap(({ server, tool }) => [tool, `${server}__${tool}`]),
      );
      if (near === null) return [];
      const says = `${name} is no tool that is known here`;
      const hint = `Did you mean "${near}"? An entry that matches nothing holds nothing off.`;
      return [{ rule: "blacklist.unmatched", path: [key, index], says, hint }];
    }),
  );
  return [...granted, ...entries];
}

/** Granted to this agent, declared, or offered now. */
function knownTools({ configuration }: Reading, { tools }: Manifest, offers: Offers): ToolId[] {
  const declared = [...configuration.toolServers.values()].flatMap(({ name, tools: own }) =>
    [...own.keys()].map((tool) => ({ server: name, tool })),
  );
  const offered = [...offers].flatMap(([server, offer]) =>
    offer.kind === "offered" ? [...offer.pins.keys()].map((tool) => ({ server, tool })) : [],
  );
  return [...tools.allowed, ...declared, ...offered];
}

function toolFindings(tool: Tool, place: Place): readonly Told[] {
  const at = ["allowed_tools", tool.index];
  const { toolServers } = place.reading.configuration;
  // Of what the agent runs itself no limit and no cost could be held.
  const isReached = toolServers.get(tool.granted.server)?.kind !== "agent";
  return [
    ...offerFindings(tool, at, place),
    ...argumentFindings(tool, at),
    ...(isReached ? limitFindings(tool, at) : []),
    ...neverBinds(tool, at, place.reading),
  ];
}

function offerFindings({ granted }: Tool, at: Path, { offers, reading }: Place): readonly Told[] {
  const { pin, server, tool } = granted;
  const offer = offers.get(server);
  const path = [...at, "tool_name"];
  if (offer?.kind === "away") return [];
  if (offer === undefined) return declaredFindings(granted, path, reading);
  const offered = offer.pins.get(tool);
  if (offered === undefined && isInside(server, reading)) return [];
  if (offered === undefined) {
    const near = nearest(tool, offer.pins.keys());
    const hint = near ? `Did you mean "${near}"?` : "Leave it out until it is there.";
    return [{ rule: "tool.not-offered", path, says: `${server} does not offer ${tool}`, hint }];
  }
  if (isAsPinned(pin, offered)) return [];
  const now = offered === null ? "in a way that has no pin" : `as ${shortPin(offered)}`;
  const hint = "`slipclutch manifest pin --check` says what changed.";
  const says = `${server} describes ${tool} ${now}, not as ${shortPin(pin ?? "")}`;
  return [{ rule: "tool.changed", path: [...at, "pin"], says, hint }];
}

/** Behind a tool that calls others stand tools that its server does not list. */
function isInside(server: string, { configuration }: Reading): boolean {
  return (configuration.toolServers.get(server)?.unwraps.size ?? 0) > 0;
}

/** Where nobody was asked: by what slipclutch.yaml says that the server has, if anything. */
function declaredFindings({ server, tool }: ToolId, path: Path, { configuration }: Reading) {
  const declared = configuration.toolServers.get(server)?.tools;
  if (declared === undefined || declared.size === 0 || declared.has(tool)) return [];
  const near = nearest(tool, declared.keys());
  const meant = near ? `Did you mean "${near}"? ` : "";
  const hint = `${meant}Else add it under tool_servers.${server}.tools; --online asks the server.`;
  const says = `${server} is not said to have ${tool}`;
  return [{ rule: "tool.undeclared", path, says, hint } as const];
}
