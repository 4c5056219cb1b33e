/** Last calls, identical ones folded: of an agent, or those before a review. */
import type { JournalPage } from "../../src/control/schemas/journal.ts";
import type { ReviewView } from "../../src/control/schemas/reviews.ts";
import { useApi } from "../data/cache.ts";
import { VerdictMark } from "../parts/icons.tsx";
import { Panel } from "../parts/panels.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { journalPath, Link, taskPath } from "../shell/router.tsx";
import { type Folded, fold } from "../words/fold.ts";
import { usd } from "../words/money.ts";
import { evidenceText } from "../words/reviews.ts";
import { clock, clockMs } from "../words/time.ts";

const ENTRIES = "60";
const ROWS = 12;
/** The last ones were in flight when it tripped, and settled just after. */
const SETTLED_MS = 1_000;
const CALLS = /^call\.(settled|refused|parked)$/;

const COLUMNS: readonly Column[] = [["Time, UTC"], ["Asked"], ["Verdict"], ["Task"], ["Cost", "r"]];

export function RecentCalls({ agent }: { readonly agent: string }) {
  return <Calls title="Last calls" filter={{ agent }} until={null} />;
}

/** Of the task that tripped, where it was one; else of all of the agent. */
export function CallsBefore({ review }: { readonly review: ReviewView }) {
  const { agent, kind, opened_at: opened } = review;
  const task = evidenceText(review, "task");
  const until = new Date(Date.parse(opened) + SETTLED_MS).toISOString();
  const filter = task === "" ? { agent } : { agent, task };
  const title = kind === "trip" ? "Last calls before the trip" : "Last calls before it";
  return <Calls title={title} filter={filter} until={until} />;
}

interface Filter {
  readonly agent: string;
  readonly task?: string;
}

function Calls(props: {
  readonly title: string;
  readonly filter: Filter;
  readonly until: string | null;
}) {
  const { filter, title, until } = props;
  const to: { to?: string } = until === null ? {} : { to: until };
  const query = new URLSearchParams({ ...filter, ...to, limit: ENTRIES });
  const page = useApi<JournalPage>(`/api/v1/journal?${query}`).value;
  const calls = (page?.entries ?? []).filter(({ kind }) => CALLS.test(kind)).reverse();
  const rows = fold(calls).slice(0, ROWS);
  if (rows.length === 0) return null;
  return (
    <Panel
      title={title}
      note="identical ones folded"
      push={
        <Link class="plain muted" to={journalPath({ ...filter })}>
          All in the journal
        </Link>
      }
    >
      <Table class="t-last" columns={COLUMNS}>
        {rows.map((row) => (
          <Row key={row.entry.position} filter={filter} row={row} before={until !== null} />
        ))}
      </Table>
    </Panel>
  );
}

/** What was repeated before a trip is what tripped it, most of the time. */
function Row(props: { readonly row: Folded; readonly filter: Filter; readonly before: boolean }) {
  const { before, filter, row } = props;
  const { costUsd, entry, first, line, times } = row;
  const { agent, at, decision, task } = entry;
  const hot = before && times > 1;
  return (
    <tr class={hot ? "group" : ""}>
      <td class="nowrap muted mid-only">
        {times > 1 ? `${clock(first)} to ${clock(at)}` : clockMs(at)}
      </td>
      <td class="name">
        <Link to={journalPath({ ...filter, decision: decision ?? "" })}>{line.about}</Link>{" "}
        {times > 1 && <b class={hot ? "c-stop" : "muted"}>× {times}</b>}
      </td>
      <td class="left o2">
        <VerdictMark verdict={line.verdict} word={line.word} />{" "}
        <span class="muted">{line.detail}</span>
      </td>
      <td class="hide">
        {agent !== null && task !== null && <Link to={taskPath(agent, task)}>{task}</Link>}
      </td>
      <td class="r o1">{costUsd === null ? "" : usd(costUsd)}</td>
    </tr>
  );
}
