/** Beside an agent: its budgets, its reviews, its breakers, and what its manifest gives it. */
import type { StatusView } from "../../src/control/schemas/gateway.ts";
import type { BudgetView } from "../../src/control/schemas/money.ts";
import type { ManifestView, OverviewView } from "../../src/control/schemas/overview.ts";
import type { ReviewRowView } from "../../src/control/schemas/reviews.ts";
import type { BreakerView, SignalsView } from "../../src/control/schemas/signals.ts";
import { useApi } from "../data/cache.ts";
import { MINUTE_MS, useNow } from "../data/hooks.ts";
import { STATUS } from "../data/paths.ts";
import { useSignals } from "../data/signals.ts";
import { Closeness, Meter, strainOf } from "../parts/meter.tsx";
import { Fact, Moment, Panel } from "../parts/panels.tsx";
import { budgetPath, reviewPath } from "../shell/paths.ts";
import { Link } from "../shell/router.tsx";
import { accountOf, amountOf, closeness, passing, resets } from "../words/budgets.ts";
import { short } from "../words/entries.ts";
import { amount, limit } from "../words/money.ts";
import { measured, measureOf, nearestOf } from "../words/signals.ts";
import { duration } from "../words/time.ts";

export function OwnBudgets({ agent }: { readonly agent: string }) {
  const overview = useApi<OverviewView>("/api/v1/overview").value;
  const budgets = useApi<readonly BudgetView[]>("/api/v1/budgets").value ?? [];
  const names = overview?.agents.find((one) => one.agent === agent)?.accounts ?? [];
  const own = budgets
    .filter(({ name, scope }) => names.some((one) => one.budget === name && one.scope === scope))
    .sort((one, other) => closeness(other) - closeness(one));
  return (
    <Panel
      title="Budgets"
      push={
        <Link class="plain muted" to="/budgets">
          All
        </Link>
      }
    >
      {own.length === 0 ? (
        <p class="in muted">It has drawn on no budget yet.</p>
      ) : (
        <ul class="list">
          {own.map((budget) => (
            <Account key={accountOf(budget)} budget={budget} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Account({ budget }: { readonly budget: BudgetView }) {
  const now = useNow(MINUTE_MS);
  const { name, passes_at: passes, scope, unit } = budget;
  const out = strainOf(budget) === "out";
  return (
    <li>
      <div class="row">
        <Link to={budgetPath(name, scope)} class="strong">
          {name}
        </Link>
        <span>
          {amount(unit, amountOf(budget, "spent"))}{" "}
          <span class="muted">of {limit(unit, amountOf(budget, "limit"))}</span>
        </span>
      </div>
      <Meter budget={budget} />
      <div class="row fine">
        {passes !== null && !out ? (
          <span class="c-wait strong">{passing(passes, now)}</span>
        ) : (
          <span>{resets(budget, now)}</span>
        )}
        <span class={out ? "c-stop strong" : ""}>
          {out ? "used up" : `${amount(unit, amountOf(budget, "remaining"), "down")} left`}
        </span>
      </div>
    </li>
  );
}

export function Reviews({ agent }: { readonly agent: string }) {
  const path = `/api/v1/reviews?agent=${encodeURIComponent(agent)}&limit=5`;
  const rows = useApi<readonly ReviewRowView[]>(path).value ?? [];
  if (rows.length === 0) return null;
  return (
    <Panel title="Reviews" note="the last ones">
      <ul class="list">
        {rows.map(({ id, opened_at: at, reason, state }) => (
          <li key={id}>
            <div class="row">
              <Link to={reviewPath(id)}>{id}</Link>
              <span class={state === "open" ? "c-wait strong" : "muted"}>{state}</span>
            </div>
            <span class="fine">
              {reason} <Moment at={at} />
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** Each with what is nearest to its line; nothing where the gateway does not say. */
export function Breakers({ agent }: { readonly agent: string }) {
  const signals = useSignals(agent);
  if (signals === null || signals.breakers.length === 0) return null;
  return (
    <Panel title="Breakers" push="how close each is">
      <ul class="list">
        {signals.breakers.map((breaker) => (
          <Near key={breaker.name} breaker={breaker} signals={signals} />
        ))}
      </ul>
    </Panel>
  );
}

function Near({
  breaker,
  signals,
}: {
  readonly breaker: BreakerView;
  readonly signals: SignalsView;
}) {
  const { action, name, signal } = breaker;
  const near = nearestOf(breaker, signals);
  const says = (value: number) => measured(signal, value);
  return (
    <li>
      <div class="row">
        <span>
          <b>{name}</b> <span class="muted">{measureOf(signal)}</span>
        </span>
        <span class={near?.alarmed ? `c-${action === "trip" ? "stop" : "wait"} strong` : "muted"}>
          {near?.alarmed ? `above, ${action}s` : `${action}s`}
        </span>
      </div>
      {near === null ? (
        <span class="fine">nothing is measured yet</span>
      ) : (
        <>
          <Closeness
            value={near.value}
            limit={near.limit}
            tripped={near.alarmed && action === "trip"}
            says={`${says(near.value)} of ${says(near.limit)}`}
          />
          {near.of !== "" && <span class="fine">{near.of}</span>}
        </>
      )}
    </li>
  );
}

/** What the manifest in force gives it. */
export function Granted({ manifest }: { readonly manifest: ManifestView }) {
  const { value: status } = useApi<StatusView>(STATUS);
  const { blacklisted, models, tools } = manifest;
  const revision = status === undefined ? "" : short(status.commit ?? status.configuration);
  return (
    <Panel title="Manifest in force" push={<code>{revision}</code>}>
      <dl class="kv">
        <Fact name="Models">{models === null ? "any with a price" : models.join(", ")}</Fact>
        {tools.map((tool) => (
          <Fact key={`${tool.server}/${tool.tool}`} name={tool.tool}>
            {termsOf(tool)}
          </Fact>
        ))}
        {blacklisted.map((tool) => (
          <Fact key={tool} name={tool}>
            <span class="c-stop">blacklisted</span>
          </Fact>
        ))}
      </dl>
    </Panel>
  );
}

function termsOf(tool: ManifestView["tools"][number]): string {
  const rate = tool.rate_limit;
  const terms = [
    tool.effect === "write" && !tool.read_only ? "may write" : "reads",
    rate === null ? "" : `${rate.requests} in ${duration(rate.per_ms)}`,
    tool.asks_approval ? "asks for approval" : "",
  ];
  return terms.filter((term) => term !== "").join(", ");
}
