/** `slipclutch incidents`: trips looked back at. */
import type { IncidentRowView, IncidentView, MomentView } from "../control/client.ts";
import { type Asking, connect } from "./connect.ts";
import { type Column, clean, type Paint, paintFor, renderTable } from "./paint.ts";
import { EXIT, type Shell } from "./shell.ts";

const INCIDENTS_SHOWN_MAX = "1000";

const COLUMNS: readonly Column<IncidentRowView>[] = [
  { title: "incident", text: (row) => row.id },
  { title: "agent", text: (row) => row.agent },
  { title: "rule", text: (row) => row.rule ?? "–" },
  { title: "opened", text: (row) => row.opened_at },
  { title: "closed", text: (row) => row.closed_at ?? "–" },
  { title: "reason", text: (row) => row.reason },
];

export interface IncidentsOptions extends Asking {
  readonly agent?: string;
  readonly open?: boolean;
}

export async function listIncidents(options: IncidentsOptions, shell: Shell): Promise<number> {
  const client = await connect(options, shell);
  const state = options.open ? "open" : undefined;
  const asked = { agent: options.agent, state, limit: INCIDENTS_SHOWN_MAX };
  const incidents = await client.incidents(asked);
  if (options.json) {
    shell.out.write(`${JSON.stringify(incidents)}\n`);
    return EXIT.ok;
  }
  const output = { paint: paintFor(shell, shell.out), columns: shell.out.columns };
  const none = options.open ? "No incident is open.\n" : "No incidents.\n";
  shell.out.write(incidents.length === 0 ? none : renderTable(incidents, COLUMNS, output));
  return EXIT.ok;
}

export async function showIncident(id: string, options: Asking, shell: Shell): Promise<number> {
  const client = await connect(options, shell);
  show(await client.incident(id), options, shell);
  return EXIT.ok;
}

export async function noteIncident(
  id: string,
  text: string,
  options: Asking,
  shell: Shell,
): Promise<number> {
  const client = await connect(options, shell);
  show(await client.noteIncident(id, text), options, shell);
  return EXIT.ok;
}

function show(incident: IncidentView, options: Asking, shell: Shell): void {
  const text = options.json
    ? `${JSON.stringify(incident)}\n`
    : render(incident, paintFor(shell, shell.out));
  shell.out.write(text);
}

const LABEL_COLUMNS = 10;

function render(incident: IncidentView, paint: Paint): string {
  const { decisions, notes, timeline } = incident;
  const style = incident.state === "open" ? "red" : "green";
  const lines = [
    `${paint("bold", clean(incident.id))} ${paint(style, incident.state)}`,
    ...fields("agent", [incident.agent]),
    ...fields("reason", [incident.reason]),
    ...fields("review", [incident.review]),
    ...fields("opened", [incident.opened_at]),
    ...fields("closed", incident.closed_at === null ? [] : [incident.closed_at]),
    ...fields("cost", costLines(incident)),
    ...fields("change", changeLines(incident)),
    ...fields(
      "decided",
      decisions.map(({ at, by, decision, reason, task }) => {
        return `${at} ${decision}${task === null ? "" : ` ${task}`}, by ${by}: ${reason}`;
      }),
    ),
    ...fields(
      "notes",
      notes.map(({ at, by, text }) => `${at} ${by}: ${text}`),
    ),
    ...fields("timeline", timeline.map(momentLine)),
  ];
  if (!incident.timeline_whole) lines.push(...fields("", ["(not all of it is in the journal)"]));
  return `${lines.join("\n")}\n`;

  function fields(name: string, texts: readonly string[]): string[] {
    return texts.map((text, index) => {
      return `${paint("dim", (index === 0 ? name : "").padEnd(LABEL_COLUMNS))}${clean(text)}`;
    });
  }
}

function costLines({ cost }: IncidentView): string[] {
  const { before, since, tripped } = cost;
  const lines = [
    `$${before.usd} by ${before.calls} calls in the hour before`,
    `$${since.usd} by ${since.calls} calls since`,
  ];
  if (tripped !== null) {
    lines.splice(1, 0, `of it $${tripped.usd} by ${tripped.calls} calls of ${tripped.tool}`);
  }
  return lines;
}

function changeLines({ change }: IncidentView): string[] {
  const { next, revision } = change;
  const lines = revision === null ? [] : [`${revision} was in force`];
  if (next === null) return lines;
  const what = next.commit === null ? next.to : `commit ${next.commit}`;
  return [...lines, `${next.at} ${what}, by ${next.by}`];
}

function momentLine({ at, code, count, event, kind, of, task, usd }: MomentView): string {
  const parts = [
    ...(count > 1 ? [`${count} ×`] : []),
    ...[kind, of, code].filter((part) => part !== null),
    ...(task === null ? [] : [`of ${task}`]),
    ...(usd === null ? [] : [`for $${usd}`]),
    ...(event === null ? [] : [saidOf(event)]),
  ];
  return `${at} ${parts.join(" ")}`;
}

/** What an event says that is not said by its line already. */
function saidOf(event: Readonly<Record<string, unknown>>): string {
  const said = ["says", "decision", "reason", "text", "commit", "message"].flatMap((name) => {
    const value = event[name];
    return typeof value === "string" ? [value] : [];
  });
  const by = typeof event.by === "string" ? [`by ${event.by}`] : [];
  return [...said, ...by].join(", ");
}
