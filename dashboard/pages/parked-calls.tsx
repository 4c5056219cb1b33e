/** The calls of a review: what each asks for, who waits for it, and what it may cost. */
import type { ReviewView } from "../../src/control/schemas/reviews.ts";
import { Empty, Moment, Panel, Since } from "../parts/panels.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { taskPath } from "../shell/paths.ts";
import { Link } from "../shell/router.tsx";
import { usd } from "../words/money.ts";
import { bytes } from "../words/numbers.ts";
import { clock } from "../words/time.ts";

const COLUMNS: readonly Column[] = [
  ["Task"],
  ["Asked"],
  ["State"],
  ["Client"],
  ["Waiting", "r"],
  ["At most", "r"],
];

type Call = ReviewView["calls"][number];

const STATES: Readonly<Record<Call["state"], string>> = {
  parked: "waits",
  let_go: "let go, about to run",
  claimed: "running",
  done: "done",
  denied: "denied",
  unknown: "nobody knows whether it ran",
};

export function ParkedCalls({ review }: { readonly review: ReviewView }) {
  const { agent, calls } = review;
  if (calls.length === 0) {
    return (
      <Panel title="Parked calls">
        <Empty title="No call has come since">What the agent asks from now on waits here.</Empty>
      </Panel>
    );
  }
  return (
    <div id="parked">
      <Panel title="Parked calls" note={`${calls.length}, the newest first`}>
        <Table class="t-parked" columns={COLUMNS}>
          {calls.map((call) => (
            <Row key={call.call} agent={agent} call={call} />
          ))}
        </Table>
      </Panel>
    </div>
  );
}

function Row({ agent, call }: { readonly agent: string; readonly call: Call }) {
  const { asked, at, maybe_sent: sent, state, task, worst_case_usd: worst } = call;
  return (
    <tr>
      <td class="name">
        <Link to={taskPath(agent, task)}>{task}</Link>
      </td>
      <td class="left o2">
        {"tool" in asked ? asked.tool : asked.model}{" "}
        <span class="faint">
          {"tool" in asked ? asked.server : "model"}, {bytes(call.bytes)}
        </span>
        {sent && <span class="c-wait"> may have been sent</span>}
      </td>
      <td class={state === "unknown" ? "left o3 c-wait" : "left o3"}>{STATES[state]}</td>
      <td class="hide muted">{clientOf(call)}</td>
      <td class="r hide">{state === "parked" ? <Since at={at} /> : <Moment at={at} />}</td>
      <td class="r o1">{worst === null ? <span class="faint">not known</span> : usd(worst)}</td>
    </tr>
  );
}

function clientOf({ attached, held_until: until, state }: Call): string {
  if (state !== "parked") return "";
  if (!attached) return "detached, may come back";
  return until === null ? "on the line" : `on the line to ${clock(until).slice(0, 5)}`;
}
