/** Last calls, identical ones folded: of an agent, or those before a review. */
import type { JournalPage } from "../../src/control/schemas/journal.ts";
import type { ReviewView } from "../../src/control/schemas/reviews.ts";
import { useApi } from "../data/cache.ts";
import { VerdictMark } from "../parts/icons.tsx";
import { Panel } from "../parts/panels.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { journalPath, taskPath } from "../shell/paths.ts";
import { Link } from "../shell/router.tsx";
import { type Folded, type Folding, fold } from "../words/fold.ts";
import { usd } from "../words/money.ts";
import { clock, clockMs } from "../words/time.ts";

const ENTRIES = "60";
const ROWS = 12;
const CALLS = /^call\.(settled|refused|parked)$/;

const COLUMNS: readonly Column[] = [["Time, UTC"], ["Asked"], ["Verdict"], ["Task"], ["Cost", "r"]];

export function RecentCalls({ agent }: { readonly agent: string }) {
  const query = new URLSearchParams({ agent, limit: ENTRIES });
  const page = useApi<JournalPage>(`/api/v1/journal?${query}`).value;
  const calls = (page?.entries ?? []).filter(({ kind }) => CALLS.test(kind)).reverse();
  return <Calls title="Last calls" agent={agent} entries={calls} before={false} />;
}

/** Those of its agent until the review was opened, as the review has them. */
export function CallsBefore({ review }: { readonly review: ReviewView }) {
  const { agent, kind, last_calls: calls } = review;
  const title = kind === "trip" ? "Last calls before the trip" : "Last calls before it";
  const entries = calls.map((call) => entryOf(call, agent)).reverse();
  return <Calls title={title} agent={agent} entries={entries} before />;
}

const KINDS = { allowed: "call.settled", refused: "call.refused", parked: "call.parked" } as const;

function entryOf(call: ReviewView["last_calls"][number], agent: string): Folding {
  const { asked, at, code, decision, outcome, position, task, verdict } = call;
  const event = { asked, outcome, code, charged_usd: call.cost_usd };
  return { position, at, decision, task, agent, kind: KINDS[verdict], event };
}

function Calls(props: {
  readonly title: string;
  readonly agent: string;
  /** Newest first. */
  readonly entries: readonly Folding[];
  readonly before: boolean;
}) {
  const { agent, before, entries, title } = props;
  const rows = fold(entries).slice(0, ROWS);
  if (rows.length === 0) return null;
  return (
    <Panel
      title={title}
      note="identical ones folded"
      push={
        <Link class="plain muted" to={journalPath({ agent })}>
          All in the journal
        </Link>
      }
    >
      <Table class="t-last" columns={COLUMNS}>
        {rows.map((row) => (
          <Row key={row.entry.position} row={row} before={before} />
        ))}
      </Table>
    </Panel>
  );
}

/** What was repeated before a trip is what tripped it, most of the time. */
function Row({ before, row }: { readonly row: Folded; readonly before: boolean }) {
  const { costUsd, entry, first, line, times } = row;
  const { agent, at, decision, task } = entry;
  const hot = before && times > 1;
  const explained = journalPath({ agent: agent ?? "", decision: decision ?? "" });
  return (
    <tr class={hot ? "group" : ""}>
      <td class="nowrap muted mid-only">
        {times === 1 ? clockMs(at) : `${clock(first)} to ${clock(at)}`}
      </td>
      <td class="name">
        <Link to={explained}>{line.about}</Link>{" "}
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
