/** docs/reference/metrics.md, from the table of metrics. */
import { UNITS } from "../../src/guards/budget/unit.ts";
import { COUNTERS, GAUGES, HISTOGRAMS } from "../../src/telemetry/metric-names.ts";
import type { MetricName } from "../../src/telemetry/series.ts";
import { code, table } from "./markdown.ts";

const AMOUNTS: readonly Parameters<typeof GAUGES.budget>[0][] = [
  "limit",
  "spent",
  "reserved",
  "leased",
  "forfeited",
  "committed",
  "remaining",
];

const INTRO = `# Metrics

\`GET /metrics\` of the control listener, in the text format of Prometheus, for an operator token of any
role. Labels name what the configuration names, never what a caller invents: a model that was refused
before it had a price counts as \`other\`, and budgets with one account for each task are left out. What
to alert on is in [operations](../operations.md#alerts-and-run-books).
`;

function rows(type: string, metrics: readonly MetricName[]) {
  return metrics.map(({ name, labels, help }) => [
    code(name),
    type,
    labels.map(code).join(", "),
    help,
  ]);
}

/** The whole page. */
export function metricsPage(): string {
  const { budget, ...plain } = GAUGES;
  const budgets = UNITS.flatMap((unit) => AMOUNTS.map((amount) => budget(amount, unit)));
  const all = [
    ...rows("counter", Object.values(COUNTERS)),
    ...rows("histogram", Object.values(HISTOGRAMS)),
    ...rows("gauge", [...Object.values(plain), ...budgets]),
  ];
  return `${INTRO}\n${table(["metric", "type", "labels", "what it says"], all)}`;
}
