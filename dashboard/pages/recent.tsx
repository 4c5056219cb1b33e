/** The last calls of an agent, identical ones folded. */
import type { JournalPage } from "../../src/control/schemas/journal.ts";
import { useApi } from "../data/cache.ts";
import { VerdictMark } from "../parts/icons.tsx";
import { Panel } from "../parts/panels.tsx";
import { journalPath, Link, taskPath } from "../shell/router.tsx";
import { fold } from "../words/fold.ts";
import { usd } from "../words/money.ts";
import { clock } from "../words/time.ts";

const ENTRIES = 60;
const ROWS = 12;

export function Recent({ agent }: { readonly agent: string }) {
  const query = new URLSearchParams({ agent, limit: String(ENTRIES) });
  const page = useApi<JournalPage>(`/api/v1/journal?${query}`).value;
  const calls = (page?.entries ?? []).filter(({ kind }) => kind.startsWith("call."));
  const rows = fold(calls.reverse()).slice(0, ROWS);
  if (rows.length === 0) return null;
  return (
    <Panel
      title="Last calls"
      note="identical ones folded"
      push={
        <Link class="plain muted" to={journalPath({ agent })}>
          All in the journal
        </Link>
      }
    >
      <div class="tw">
        <table class="rows t-last">
          <thead>
            <tr>
              <th>Time, UTC</th>
              <th>Asked</th>
              <th>Verdict</th>
              <th>Task</th>
              <th class="r">Cost</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ costUsd, entry, line, times }) => (
              <tr key={entry.position}>
                <td class="nowrap muted hide">{clock(entry.at)}</td>
                <td class="name">
                  <Link to={journalPath({ agent, decision: entry.decision ?? "" })}>
                    {line.about}
                  </Link>{" "}
                  {times > 1 && <b class="muted">× {times}</b>}
                </td>
                <td class="left o2">
                  <VerdictMark verdict={line.verdict} word={line.word} />{" "}
                  <span class="muted">{line.detail}</span>
                </td>
                <td class="hide">
                  {entry.task !== null && (
                    <Link to={taskPath(agent, entry.task)}>{entry.task}</Link>
                  )}
                </td>
                <td class="r o1">{costUsd === null ? "" : usd(costUsd)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
