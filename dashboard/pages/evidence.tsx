import type { BudgetView } from "../../src/control/schemas/money.ts";
import type { ReviewView } from "../../src/control/schemas/reviews.ts";
import { useApi } from "../data/cache.ts";
import { Closeness, Meter } from "../parts/meter.tsx";
import { Fact, Panel } from "../parts/panels.tsx";
import { taskPath } from "../shell/paths.ts";
import { Link } from "../shell/router.tsx";
import { amountOf } from "../words/budgets.ts";
import { evidenceText } from "../words/evidence.ts";
import { amount, limit, usd } from "../words/money.ts";
import { clock } from "../words/time.ts";
import { Asked } from "./asked.tsx";

export function Why({ review }: { readonly review: ReviewView }) {
  switch (review.kind) {
    case "approval":
      return <Asked review={review} />;
    case "budget":
      return <Account review={review} />;
    case "trip":
      return <Tripped review={review} />;
    default:
      return null;
  }
}

type Numbers = Readonly<Record<string, unknown>>;

function numbersOf({ evidence }: ReviewView): Numbers {
  const none: Numbers = {};
  if (typeof evidence !== "object" || evidence === null || !("numbers" in evidence)) return none;
  // Checked: an object; each number is looked at by itself.
  return typeof evidence.numbers === "object" ? ((evidence.numbers ?? none) as Numbers) : none;
}

/** Names of the value and its line, of each signal. */
const LINES = [
  ["identical_calls", "limit"],
  ["calls_last_minute", "line_per_minute"],
] as const;
const DRAWN: ReadonlySet<string> = new Set(LINES.flat());

/** The value and the line of a breaker, whatever its signal calls them. */
export function lineOf(numbers: Numbers): { value: number; limit: number } | null {
  for (const [one, other] of LINES) {
    const [value, line] = [numbers[one], numbers[other]];
    if (typeof value === "number" && typeof line === "number") return { value, limit: line };
  }
  return null;
}

function Tripped({ review }: { readonly review: ReviewView }) {
  const rule = evidenceText(review, "rule");
  const numbers = numbersOf(review);
  const line = lineOf(numbers);
  const tool = evidenceText(review, "tool");
  const others = Object.entries(numbers).filter(([name, value]) => {
    return typeof value === "number" && !DRAWN.has(name);
  });
  if (rule === "" && others.length === 0) return <Given review={review} />;
  return (
    <Panel title="Why it tripped" note={`what the breaker saw at ${clock(review.opened_at)} UTC`}>
      <dl class="kv wide">
        <Fact name="Breaker">
          <b class="strong">{rule}</b>
        </Fact>
        {line !== null && (
          <Fact name="Seen, of its limit">
            <Closeness {...line} tripped says={`${round(line.value)} of ${round(line.limit)}`} />
          </Fact>
        )}
        {tool !== "" && (
          <Fact name="Tool">
            <code>
              {[evidenceText(review, "server"), tool].filter((part) => part !== "").join(" / ")}
            </code>
          </Fact>
        )}
        {evidenceText(review, "task") !== "" && (
          <Fact name="Task">
            <Link to={taskPath(review.agent, evidenceText(review, "task"))}>
              {evidenceText(review, "task")}
            </Link>
          </Fact>
        )}
        {others.map(([name, value]) => (
          <Fact key={name} name={spaced(name)}>
            {round(Number(value))}
          </Fact>
        ))}
      </dl>
    </Panel>
  );
}

/** Whatever else it was opened with, by its own names. */
function Given({ review }: { readonly review: ReviewView }) {
  const { evidence } = review;
  if (typeof evidence !== "object" || evidence === null) return null;
  const rows = Object.entries(evidence).filter(([, value]) => {
    return typeof value === "string" || typeof value === "number";
  });
  return (
    <Panel title="Why" note={`as it was at ${clock(review.opened_at)} UTC`}>
      <dl class="kv wide">
        {rows.map(([name, value]) => (
          <Fact key={name} name={spaced(name)}>
            {name.endsWith("usd") || name.startsWith("usd_") ? usd(String(value)) : String(value)}
          </Fact>
        ))}
      </dl>
    </Panel>
  );
}

function spaced(name: string): string {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const round = (value: number): string => String(Math.round(value * 10) / 10);

/** The account that does not cover it, as it is now. */
function Account({ review }: { readonly review: ReviewView }) {
  const name = evidenceText(review, "budget");
  const scope = evidenceText(review, "scope");
  const budgets = useApi<readonly BudgetView[]>("/api/v1/budgets").value ?? [];
  const budget = budgets.find((one) => one.name === name && one.scope === scope);
  if (budget === undefined) return <Given review={review} />;
  const { unit } = budget;
  const needed = evidenceText(review, `needed_${unit}`);
  return (
    <Panel title={name} note={scope === "" ? "one account" : scope}>
      <div class="in">
        <Meter budget={budget} />
      </div>
      <dl class="kv wide">
        <Fact name="Spent">
          {amount(unit, amountOf(budget, "spent"))} of {limit(unit, amountOf(budget, "limit"))}
        </Fact>
        <Fact name="Left">{amount(unit, amountOf(budget, "remaining"), "down")}</Fact>
        {needed !== "" && (
          <Fact name="The first call that waits needs at most">{amount(unit, needed)}</Fact>
        )}
      </dl>
    </Panel>
  );
}
