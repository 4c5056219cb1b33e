/** Trips that were, newest first. */
import type { IncidentRowView } from "../../src/control/schemas/incidents.ts";
import { useApi } from "../data/cache.ts";
import { INCIDENTS } from "../data/paths.ts";
import { ClutchBadge, PlainBadge } from "../parts/badges.tsx";
import { Empty, Loaded, Moment, Panel } from "../parts/panels.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { agentPath, incidentPath } from "../shell/paths.ts";
import { Link } from "../shell/router.tsx";
import { counted } from "../words/numbers.ts";
import { duration } from "../words/time.ts";

const COLUMNS: readonly Column[] = [
  ["Opened, UTC"],
  ["State"],
  ["What happened"],
  ["Agent"],
  ["Breaker"],
  ["Decided after", "r"],
];

export function Incidents() {
  const answer = useApi<readonly IncidentRowView[]>(INCIDENTS);
  return (
    <>
      <div class="head main-page">
        <div>
          <h1>Incidents</h1>
        </div>
      </div>
      <Loaded answer={answer} what="The list of incidents" rows={6}>
        {(rows) => <List rows={rows} />}
      </Loaded>
    </>
  );
}

function List({ rows }: { readonly rows: readonly IncidentRowView[] }) {
  if (rows.length === 0) {
    return (
      <section class="panel">
        <Empty title="No breaker has tripped yet">
          Each trip stays here: what happened, what it cost, who decided, what was changed.
        </Empty>
      </section>
    );
  }
  const open = rows.filter(({ state }) => state === "open").length;
  return (
    <Panel title={counted(rows.length, "trip")} note={open === 0 ? "all decided" : `${open} open`}>
      <Table class="t-inc" columns={COLUMNS}>
        {rows.map((row) => (
          <Row key={row.id} row={row} />
        ))}
      </Table>
    </Panel>
  );
}

function Row({ row }: { readonly row: IncidentRowView }) {
  const { agent, closed_at: closed, id, opened_at: opened, reason, rule, state } = row;
  return (
    <tr>
      <td class="nowrap muted full o3">
        <Moment at={opened} />
      </td>
      <td class="o1">
        {state === "open" ? (
          <ClutchBadge clutch="disengaged" />
        ) : (
          <PlainBadge glyph="done" word="Decided" />
        )}
      </td>
      <td class="full why">
        <Link to={incidentPath(id)}>{reason}</Link>
      </td>
      <td class="nowrap hide">
        <Link to={agentPath(agent)}>{agent}</Link>
      </td>
      <td class="left o2">{rule ?? ""}</td>
      <td class="r hide muted">
        {closed === null ? "" : duration(Date.parse(closed) - Date.parse(opened))}
      </td>
    </tr>
  );
}
