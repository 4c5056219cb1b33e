/** Entries of the journal as rows; one that belongs to a decision opens it. */
import { useState } from "preact/hooks";
import type { EntryView } from "../../src/control/schemas/journal.ts";
import { VerdictMark } from "../parts/icons.tsx";
import { Empty } from "../parts/panels.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { useKeys } from "../shell/keys.ts";
import { agentPath, journalPath, taskPath } from "../shell/paths.ts";
import { go, Link } from "../shell/router.tsx";
import { lineOf, tookMs } from "../words/entries.ts";
import { usd } from "../words/money.ts";
import { clockMs, day } from "../words/time.ts";
import type { Filter } from "./journal-filters.tsx";

const COLUMNS: readonly Column[] = [
  ["Time, UTC"],
  ["What happened"],
  ["About"],
  ["By what, or why"],
  ["Agent"],
  ["Task"],
  ["Took", "r"],
  ["Cost", "r"],
];

export function Entries(props: {
  readonly entries: readonly EntryView[];
  readonly filter: Filter;
}) {
  const { entries, filter } = props;
  const [selected, select] = useState(-1);
  const open = ({ decision }: EntryView) => {
    if (decision !== null) go(journalPath({ ...filter, decision }), "replace");
  };
  const step = (by: number) => () =>
    select((at) => Math.min(Math.max(at + by, 0), entries.length - 1));
  const here = entries[selected];
  useKeys({ j: step(1), k: step(-1), Enter: here === undefined ? undefined : () => open(here) });
  if (entries.length === 0) {
    return (
      <Empty title="Nothing in the journal is like this">Take a filter away to see more.</Empty>
    );
  }
  return (
    <Table class="t-jou" columns={COLUMNS}>
      {entries.map((entry, index) => (
        <Row key={entry.position} entry={entry} selected={index === selected} open={open} />
      ))}
    </Table>
  );
}

function Row(props: {
  readonly entry: EntryView;
  readonly selected: boolean;
  readonly open: (entry: EntryView) => void;
}) {
  const { entry, open, selected } = props;
  const line = lineOf(entry);
  const took = tookMs(entry);
  const { agent, at, decision, task } = entry;
  return (
    <tr class={selected ? "sel" : ""}>
      <td class="nowrap muted">
        <Stamp at={at} />
      </td>
      <td class="o1">
        <VerdictMark verdict={line.verdict} word={line.word} />
      </td>
      <td class="name o2">
        {decision === null ? (
          line.about
        ) : (
          <button type="button" class="rowlink" onClick={() => open(entry)}>
            {line.about || "explain"}
          </button>
        )}
      </td>
      <td class="left o3 why muted">{line.detail}</td>
      <td class="hide">{agent !== null && <Link to={agentPath(agent)}>{agent}</Link>}</td>
      <td class="hide cut-id">
        {agent !== null && task !== null && <Link to={taskPath(agent, task)}>{task}</Link>}
      </td>
      <td class="r hide muted">{took === null ? "" : `${took.toFixed(0)} ms`}</td>
      <td class="r hide">{line.costUsd === null ? "" : usd(line.costUsd)}</td>
    </tr>
  );
}

function Stamp({ at }: { readonly at: string }) {
  const today = at.slice(0, 10) === new Date().toISOString().slice(0, 10);
  return (
    <time dateTime={at}>
      {today ? "" : `${day(at, Date.now())} `}
      {clockMs(at)}
    </time>
  );
}
