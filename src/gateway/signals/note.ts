/** What the journal is told is what is counted: an event that happened counts, by whatever road. */
import { isFence } from "../../guards/breaker/fence.ts";
import { type Event, isToolAsked } from "../../guards/events.ts";
import type { Gateway } from "../gateway.ts";
import { isUnnamed } from "../task-name.ts";
import { follow } from "./follow.ts";

/** Of an agent, whatever it calls. */
const ALL = { server: "", tool: "" };

export function note(event: Event, gateway: Gateway): void {
  switch (event.kind) {
    case "call.refused":
      return noteRefused(event, gateway);
    case "call.settled":
      return noteSettled(event, gateway);
    case "task.ended":
      return gateway.signals.taskEnded(event.agent, event.task, gateway.holding.storeNow());
    default:
  }
}

type Refused = Event & { readonly kind: "call.refused" };
type Settled = Event & { readonly kind: "call.settled" };

function noteRefused({ agent, code }: Refused, { holding, signals }: Gateway): void {
  if (agent === null || !isFence(code)) return;
  signals.count({ agent, ...ALL }, "refused", holding.storeNow());
}

function noteSettled(event: Settled, gateway: Gateway): void {
  const { agent, asked, charged, outcome } = event;
  const { holding, signals } = gateway;
  if (agent === null) return;
  const now = holding.storeNow();
  if (charged > 0) signals.count({ agent, ...ALL }, "spent", now, charged);
  noteTokens(event, gateway);
  // Who was cut off, or held back at the write, says nothing about how things go.
  if (outcome === "aborted" || outcome === "dropped") return;
  signals.count({ agent, ...ALL }, "ended", now);
  if (!isToolAsked(asked)) return;
  const tool = { agent, server: asked.server, tool: asked.tool };
  signals.count(tool, "ended", now);
  if (outcome !== "ok") signals.count(tool, "errors", now);
}

/** What a key shares for a day is no piece of work: nothing is usual for it. */
function noteTokens({ agent, task, usage }: Settled, gateway: Gateway): void {
  if (agent === null || task === null || usage === null || isUnnamed(task)) return;
  const { holding, rules, signals } = gateway;
  const tokens = tokensOf(usage);
  if (tokens === 0) return;
  const of = { agent, task, tokens };
  const alarms = signals.tasks.add(of, rules.breakersOf(agent), holding.storeNow());
  for (const alarm of alarms) follow(holding.tenure, alarm, gateway);
}

function tokensOf(usage: NonNullable<Settled["usage"]>): number {
  const { cacheWrite1h, cacheWrite5m, cachedInput, input, inputAudio, output, outputAudio } = usage;
  return input + cachedInput + cacheWrite5m + cacheWrite1h + inputAudio + output + outputAudio;
}
