/** Limits that people have raised until a window ends, with who and why. */
import type { OverrideView } from "../../src/control/schemas/money.ts";
import { useApi } from "../data/cache.ts";
import { Moment, Panel } from "../parts/panels.tsx";
import { budgetPath, reviewPath } from "../shell/paths.ts";
import { Link } from "../shell/router.tsx";
import { amountIn } from "../words/budgets.ts";
import { limit } from "../words/money.ts";

/** On the page at once; the others are listed by the command line. */
const SHOWN_MAX = 20;

export function Raised() {
  const raised = useApi<readonly OverrideView[]>("/api/v1/overrides").value ?? [];
  if (raised.length === 0) return null;
  return (
    <Panel title="Raised by a person">
      <ul class="list">
        {raised.slice(0, SHOWN_MAX).map((one) => (
          <Row key={one.id} raised={one} />
        ))}
      </ul>
      {raised.length > SHOWN_MAX && (
        <p class="in muted pad-top">
          {raised.length - SHOWN_MAX} more: <code>slipclutch budgets raised</code>
        </p>
      )}
    </Panel>
  );
}

function Row({ raised }: { readonly raised: OverrideView }) {
  const { at, budget, by, reason, review, scope, unit, window_ends_at: ends } = raised;
  const amount = (name: string) => limit(unit, amountIn(unit, raised, name));
  return (
    <li>
      <div class="row">
        <b>
          <Link to={budgetPath(budget, scope)}>{budget}</Link> {scope}
        </b>
        <span class="strong">{amount("limit")}</span>
      </div>
      <span class="muted">
        {amount("configured")} is configured. By {by}, <Moment at={at} />
        {ends !== null && (
          <>
            , until <Moment at={ends} />
          </>
        )}
        : “{reason}”
      </span>
      {review !== null && (
        <div class="row">
          <Link to={reviewPath(review)}>its review</Link>
        </div>
      )}
    </li>
  );
}
