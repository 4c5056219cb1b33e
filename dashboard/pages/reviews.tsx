/** The queue: what waits for a person, oldest first; then what was decided. */

import { useState } from "preact/hooks";
import type { ReviewRowView } from "../../src/control/schemas/reviews.ts";
import { useApi } from "../data/cache.ts";
import { useSteadyOrder } from "../data/hooks.ts";
import { CauseBadge } from "../parts/badges.tsx";
import { Empty, Loaded, Moment, Panel, Since } from "../parts/panels.tsx";
import { useKeys } from "../shell/keys.ts";
import { reviewPath } from "../shell/paths.ts";
import { go, Link } from "../shell/router.tsx";
import { counted, spelled } from "../words/numbers.ts";
import { headline } from "../words/reviews.ts";

const ALL = "/api/v1/reviews?limit=200";

export function Reviews() {
  const answer = useApi<readonly ReviewRowView[]>(ALL);
  return (
    <>
      <div class="head main-page">
        <div>
          <h1>Reviews</h1>
        </div>
      </div>
      <Loaded answer={answer} what="The queue of reviews">
        {(rows) => <Lists rows={rows} />}
      </Loaded>
    </>
  );
}

function Lists({ rows }: { readonly rows: readonly ReviewRowView[] }) {
  const open = rows.filter(({ state }) => state === "open").reverse();
  const closed = rows.filter(({ state }) => state === "closed");
  const last = closed[0];
  return (
    <div class="stack">
      <Panel title={waitTitle(open.length)} note={open.length > 0 && <Oldest rows={open} />}>
        {open.length === 0 ? (
          <Empty title="Nothing waits for a person">
            {last === undefined ? (
              "When a breaker trips, a call asks for an approval, or a person pauses an agent, it is here."
            ) : (
              <Link to={reviewPath(last.id)}>See the last review</Link>
            )}
          </Empty>
        ) : (
          <Queue rows={open} selectable />
        )}
      </Panel>
      {closed.length > 0 && (
        <Panel title="Decided" note={`the last ${closed.length}`}>
          <ul class="queue decided">
            {closed.map((row) => (
              <Row key={row.id} row={row} selected={false} main={false} />
            ))}
          </ul>
        </Panel>
      )}
    </div>
  );
}

export function waitTitle(count: number): string {
  if (count === 0) return "Queue";
  return count === 1
    ? "One thing waits for a person"
    : `${spelled(count)} things wait for a person`;
}

export function Oldest({ rows }: { readonly rows: readonly ReviewRowView[] }) {
  const first = rows.map(({ opened_at: at }) => at).sort()[0];
  if (first === undefined) return null;
  return (
    <>
      the oldest has waited <Since at={first} />
    </>
  );
}

/** In the order in which they were first seen: nothing moves away from under a finger. */
export function Queue(props: {
  readonly rows: readonly ReviewRowView[];
  readonly selectable: boolean;
}) {
  const { rows, selectable } = props;
  const byId = new Map(rows.map((row) => [row.id, row]));
  const { ids } = useSteadyOrder(rows.map(({ id }) => id));
  const [selected, select] = useState<string | null>(null);
  const step = (by: number) => () => {
    const at = selected === null ? -1 : ids.indexOf(selected);
    const next = ids[Math.min(Math.max(at + by, 0), ids.length - 1)];
    if (next !== undefined) select(next);
  };
  useKeys({
    j: selectable ? step(1) : undefined,
    k: selectable ? step(-1) : undefined,
    Enter: selectable && selected !== null ? () => go(reviewPath(selected)) : undefined,
  });
  return (
    <ul class="queue">
      {ids.map((id, index) => {
        const row = byId.get(id);
        if (row === undefined) return null;
        return <Row key={id} row={row} selected={id === selected} main={index === 0} />;
      })}
    </ul>
  );
}

function Row(props: {
  readonly row: ReviewRowView;
  readonly selected: boolean;
  readonly main: boolean;
}) {
  const { main, row, selected } = props;
  const open = row.state === "open";
  const urgent = open && row.kind === "trip" ? "urgent" : "";
  const parked = row.parked === 0 ? "" : ` ${counted(row.parked, "call")} parked.`;
  return (
    <li class={`${urgent} ${selected ? "sel" : ""}`}>
      <CauseBadge kind={row.kind} closed={!open} />
      <div class="what">
        <b>
          <Link class="plain" to={reviewPath(row.id)}>
            {headline(row)}
          </Link>
        </b>
        <p>
          {sentence(row.reason)}
          {open && parked}
        </p>
      </div>
      <div class="when">
        {open ? (
          <>
            <b>
              <Since at={row.opened_at} />
            </b>
            waiting
          </>
        ) : (
          <Moment at={row.opened_at} />
        )}
      </div>
      <div class="go">
        {open && (
          <Link
            class={main ? "btn main" : "btn"}
            to={reviewPath(row.id)}
            label={`Review: ${headline(row)}`}
          >
            Review
          </Link>
        )}
      </div>
    </li>
  );
}

/** A person's own words get the full stop that they left out. */
function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}
