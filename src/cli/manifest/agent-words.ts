/** What an agent may do, in words. */
import { coveringBudgets } from "../../config/review/diff-budgets.ts";
import { libraryWords } from "../../config/review/diff-library.ts";
import { queryWords } from "../../config/review/diff-policies.ts";
import { type Tool, toolsOf } from "../../config/review/granted-tools.ts";
import type { Reading } from "../../config/review/reading.ts";
import { schemaLines } from "../../config/review/schema-lines.ts";
import type { CallLimits, Manifest } from "../../guards/manifest/manifest.ts";
import { formatUsd } from "../../guards/money.ts";
import type { Binding } from "../../guards/policy/rules.ts";
import { shortPin } from "../../guards/tool/pin.ts";

export function agentWords(reading: Reading, manifest: Manifest): readonly string[] {
  const tools = [...toolsOf(reading, manifest.agent).values()];
  return [
    ...observedLines(manifest),
    `${manifest.agent} may use`,
    ...modelLines(manifest),
    tools.length === 0 ? "  no tools" : "  these tools, and no others:",
    ...tools.flatMap(toolLines),
    ...libraryLines(manifest),
    ...refusedLines(manifest),
    ...policyLines(manifest),
    ...taskLines(manifest),
    ...budgetLines(reading, manifest),
  ];
}

function observedLines({ agent, observe }: Manifest): readonly string[] {
  if (observe === null) return [];
  const of = observe.servers === null ? "all tool servers" : [...observe.servers].join(", ");
  return [
    `${agent} is observed until ${new Date(observe.until).toISOString()}: only blacklist, money and`,
    `approvals hold, and it may call every tool of ${of}; from then on:`,
  ];
}

function modelLines({ limits, models, strict }: Manifest): readonly string[] {
  const above = strict ? "Above a limit it is refused." : "Above a limit it is held to it.";
  if (models === null) {
    return [`  every model that has a price${limitWords(limits)}`, `    ${above}`];
  }
  if (models.size === 0) return ["  no model"];
  const lines = [...models].map(([model, own]) => `    ${model}${limitWords(own)}`);
  return ["  these models, and no others:", ...lines, `    ${above}`];
}

function limitWords({ maxInputTokens, maxN, maxOutputTokens }: CallLimits): string {
  const limits = [
    maxOutputTokens === null ? null : `at most ${maxOutputTokens} tokens of output`,
    maxInputTokens === null ? null : `${maxInputTokens} of input`,
    maxN === null ? null : `${maxN} choices`,
  ].filter((words) => words !== null);
  return limits.length === 0 ? "" : `, ${limits.join(", ")}`;
}

function toolLines({ granted, raw }: Tool): readonly string[] {
  const { cost, pin, rateLimit, server, timeoutMs, tool } = granted;
  const rate = rateLimit
    ? `at most ${rateLimit.requests} calls in any ${rateLimit.perMs / 1000} s`
    : "as often as it likes";
  const schema = raw.arguments;
  const lines = [
    `${doesWords(granted)}, ${rate}`,
    ...(granted.unwraps === null
      ? []
      : [`only as what ${granted.unwraps.tool} names may be called`]),
    ...(cost === null ? [] : [costWords(cost)]),
    ...(raw.requires_approval ? [approvalWords(raw.requires_approval)] : []),
    ...(pin === null ? [] : [`only as it was reviewed, ${shortPin(pin)}`]),
    `ends after ${timeoutMs / 1000} s`,
    ...(schema === undefined ? ["any arguments"] : schemaLines(schema)),
  ];
  return [`    ${server}__${tool}`, ...lines.map((line) => `      ${line}`)];
}

function libraryLines(manifest: Manifest): readonly string[] {
  return listed("  may read these, and nothing else:", libraryWords(manifest));
}

function doesWords({ effect, readOnly, sql }: Tool["granted"]): string {
  if (sql !== null) return readOnly ? "only reads, by its SQL" : "may write, by its SQL";
  return effect === "read" ? "only reads" : readOnly ? "writes: refused" : "may write";
}

function costWords({ nanoUsd, quantity }: NonNullable<Tool["granted"]["cost"]>): string {
  const usd = `$${formatUsd(nanoUsd)}`;
  if (quantity === null) return `${usd} a call`;
  return `${usd} for each of at most ${quantity.max} units, found at ${quantity.pointer}`;
}

function approvalWords(required: true | object): string {
  if (required === true) return "each call waits until a person approves it";
  return "calls whose arguments fit requires_approval wait until a person approves them";
}

function refusedLines({ tools }: Manifest): readonly string[] {
  const names = [...tools.blacklisted];
  return names.length === 0 ? [] : [`  never, in any spelling: ${names.join(", ")}`];
}

/** Of what the manifest lets through they may let less through, never more. */
function policyLines({ policies }: Manifest): readonly string[] {
  const bindings = policies.flatMap((each) => each.bindings);
  const deciding = bindings.filter(({ on }) => on !== "ask");
  const asked = bindings.filter(({ expose }) => expose);
  return [
    ...listed("  of all that, only what these policies allow:", deciding.map(decidesWords)),
    ...listed("  may ask these policies itself:", asked.map(queryWords)),
  ];
}

function decidesWords(binding: Binding): string {
  const { on, resourceType } = binding;
  const about = resourceType === null ? "" : ` about a ${resourceType}`;
  return `${binding.name}: calls of ${on}s${about}, by ${queryWords(binding)}`;
}

function listed(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `    ${line}`)];
}

function taskLines({ tasks }: Manifest): readonly string[] {
  const { aliveMax, newPerHour } = tasks;
  return [`  at most ${newPerHour} new tasks an hour, and ${aliveMax} alive at once`];
}

function budgetLines(reading: Reading, { agent, uncapped }: Manifest): readonly string[] {
  const covering = coveringBudgets(reading, agent);
  const budgets = reading.configuration.budgets.filter(({ name }) => covering.has(name));
  const lines = budgets.map(({ each, limit, name, only, onExhausted, unit, window }) => {
    const amount = unit === "usd" ? `$${formatUsd(Number(limit))}` : `${limit} ${unit}`;
    const of = only.model ?? only.key;
    const whose = `${each === null ? "" : ` for each ${each}`}${of === undefined ? "" : ` of ${of}`}`;
    return `    ${name}: ${amount} a ${window}${whose}; then calls ${onExhausted === "deny" ? "are refused" : "wait"}`;
  });
  if (uncapped) lines.push("    uncapped: no money budget need draw on it");
  return ["  on these budgets:", ...lines];
}
