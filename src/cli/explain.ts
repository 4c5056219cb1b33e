/** `slipclutch explain ID`: asked, each guard's answer and numbers, cost, outcome. */
import type { ExplanationView } from "../control/client.ts";
import { UNITS } from "../guards/budget/unit.ts";
import { amountText } from "./amounts.ts";
import { type Asking, connect } from "./connect.ts";
import { clean, type Paint, paintFor } from "./paint.ts";
import { EXIT, type Shell } from "./shell.ts";

const STATES: Readonly<Record<ExplanationView["state"], string>> = {
  settled: "was let through and has ended",
  refused: "was refused",
  "in-flight": "was let through and is in flight",
  asked: "was a question to a policy: nothing was let through by it",
  parked: "was parked: what became of it is in its review",
  lost: "was let through, and its process died before it ended",
  unknown: "was let through; how it ended is not known here (yet)",
};

export async function showDecision(id: string, options: Asking, shell: Shell): Promise<number> {
  const client = await connect(options, shell);
  const explained = await client.explain(id);
  const text = options.json
    ? `${JSON.stringify(explained)}\n`
    : render(explained, paintFor(shell, shell.out));
  shell.out.write(text);
  return EXIT.ok;
}

/** Names and values in one line, without what is not there. */
function pairs(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .filter(([, value]) => value !== null && value !== undefined && value !== false)
    .map(([name, value]) => {
      const text = typeof value === "object" ? `(${pairs(nonZero({ ...value }))})` : String(value);
      return `${name} ${text}`;
    })
    .filter((text) => !text.endsWith(" ()"))
    .join(", ");
}

/** A usage has many legs, and most calls have few of them. */
function nonZero(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== 0));
}

const TIMES: readonly string[] = ["decided_ms", "first_byte_ms", "ended_ms"];
const TENTHS = 10;

/** How it ended; of times a tenth of a millisecond is enough to read. */
function endText(outcome: Readonly<Record<string, unknown>>): string {
  const rounded = Object.entries(outcome).map(([name, value]) => {
    const isTime = typeof value === "number" && TIMES.includes(name);
    return [name, isTime ? Math.round(value * TENTHS) / TENTHS : value];
  });
  return pairs(Object.fromEntries(rounded));
}

/** The explanation for people. */
export function render(view: ExplanationView, paint: Paint): string {
  const style = view.state === "refused" || view.state === "lost" ? "red" : "green";
  const lines = [
    `${paint("bold", clean(view.decision))} ${paint(style, STATES[view.state])}`,
    field("when", view.at),
    field("who", pairs({ agent: view.agent, task: view.task, key: view.key })),
    field("rules", view.revision),
  ];
  if (view.asked) lines.push(field("asked", pairs(view.asked)));
  const widest = Math.max(0, ...view.answers.map(({ guard }) => guard.length));
  for (const [index, { guard, answer, numbers }] of view.answers.entries()) {
    const numbered = pairs(numbers);
    const told = `${guard.padEnd(widest)}  ${answer}${numbered ? `  (${numbered})` : ""}`;
    lines.push(field(index === 0 ? "guards" : "", told));
  }
  if (view.denial) {
    const { code, says, hint, facts } = view.denial;
    lines.push(field("refused", `${code}: ${says}`));
    if (Object.keys(facts).length > 0) lines.push(field("because", pairs(facts)));
    lines.push(field("what now", hint));
  }
  for (const [index, leg] of view.budgets.entries()) {
    lines.push(field(index === 0 ? "budgets" : "", budgetText(leg)));
  }
  if (view.outcome) lines.push(field("ended", endText(view.outcome)));
  for (const remark of view.remarks) lines.push(field("note", remark));
  return `${lines.join("\n")}\n`;

  function field(name: string, text: string): string {
    return `${paint("dim", name.padEnd(LABEL_COLUMNS))}${clean(text)}`;
  }
}

const LABEL_COLUMNS = 10;

function budgetText(leg: Readonly<Record<string, unknown>>): string {
  const { budget, scope } = leg;
  const unit = UNITS.find((one) => one === leg.unit) ?? "usd";
  const amount = (name: string) => amountText(unit, String(leg[`${name}_${unit}`]));
  const named = scope === "" ? String(budget) : `${String(budget)} of ${String(scope)}`;
  const charged = leg[`charged_${unit}`] === null ? "" : `, charged ${amount("charged")}`;
  return `${named}: reserved ${amount("reserved")}${charged}`;
}
