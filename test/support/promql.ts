/** What is asked of the metrics under `deploy/`: expressions, and the names and labels in them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { UNITS } from "../../src/guards/budget/unit.ts";
import { COUNTERS, GAUGES, HISTOGRAMS } from "../../src/telemetry/metric-names.ts";

export const DEPLOY = join(import.meta.dirname, "..", "..", "deploy");

export interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** All rules, in the order of the file. */
export function rules(): readonly Rule[] {
  const file = readFileSync(join(DEPLOY, "prometheus", "alerts.yml"), "utf8");
  const { groups } = parse(file) as { groups: { rules: Rule[] }[] };
  return groups.flatMap((group) => group.rules);
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

export interface Dashboard {
  readonly panels: readonly Panel[];
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
  readonly templating: { readonly list: readonly { readonly definition?: string }[] };
}

export function dashboard(): Dashboard {
  return JSON.parse(readFileSync(join(DEPLOY, "grafana", "slipclutch.json"), "utf8"));
}

/** What the dashboard asks, as it is written. */
export function dashboardExpressions(): readonly string[] {
  const { annotations, panels } = dashboard();
  const shown = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  return [...shown, ...annotations.list.map(({ expr }) => expr)];
}

export interface Use {
  readonly metric: string;
  /** In its own selector. */
  readonly labels: readonly string[];
}

/** Metrics of ours in an expression. No value of a label has a brace in it. */
export function usesIn(expression: string): readonly Use[] {
  const uses = expression.matchAll(/\b(slipclutch[\w:]*)(?:\{([^}]*)\})?/g);
  return [...uses].map(([, metric = "", selector = ""]) => ({
    metric,
    labels: labelsIn(selector),
  }));
}

function labelsIn(selector: string): readonly string[] {
  const bare = selector.replaceAll(/"[^"]*"/g, '""');
  return [...bare.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = ""]) => label);
}

/** What it groups and matches by. */
export function groupedBy(expression: string): readonly string[] {
  const lists = expression.matchAll(/\b(?:by|on|group_left)\s*\(([^)]*)\)/g);
  return [...lists].flatMap(([, list = ""]) => list.split(",").map((label) => label.trim()));
}

/** Every series that the gateway may export, with its labels. */
export function exported(): ReadonlyMap<string, readonly string[]> {
  const { budget, ...plain } = GAUGES;
  const amounts = ["limit", "spent", "reserved", "leased", "forfeited", "committed", "remaining"];
  const budgets = UNITS.flatMap((unit) => {
    // `as`: a list of its parameter's own names.
    return amounts.map((amount) => budget(amount as Parameters<typeof budget>[0], unit));
  });
  const all = new Map<string, readonly string[]>();
  for (const { labels, name } of [
    ...Object.values(COUNTERS),
    ...Object.values(plain),
    ...budgets,
  ]) {
    all.set(name, labels);
  }
  for (const { labels, name } of Object.values(HISTOGRAMS)) {
    all.set(`${name}_bucket`, [...labels, "le"]);
    all.set(`${name}_sum`, labels);
    all.set(`${name}_count`, labels);
  }
  return all;
}
