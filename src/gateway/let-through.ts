/** What is kept of a call that was let through, where its agent is observed or all are recorded. */
import type { Answer } from "../guards/events.ts";
import { sparedIn } from "../guards/manifest/observe.ts";
import { type Call, originOf } from "./call.ts";
import { emit, type Gateway } from "./gateway.ts";
import type { Identified } from "./tools/read.ts";

export function noteLetThrough(
  call: Call | Identified,
  answers: readonly Answer[],
  gateway: Gateway,
): void {
  const { asked, incoming } = call;
  const { manifest, rules, tenure } = incoming;
  if (!manifest.observing && rules.configuration.inputs.of !== "all") return;
  // Resources and prompts are not learned: none is let through without a grant.
  const isReading = "ask" in call && call.ask.reading !== undefined;
  if (!isReading) gateway.inputs.note(call, answers, gateway.holding.storeNow());
  const origin = originOf(incoming);
  // Each is written down as the refusal that it would be.
  for (const { code, facts } of sparedIn(answers)) {
    emit(gateway, tenure, { kind: "call.spared", asked, code, facts, ...origin });
  }
}
