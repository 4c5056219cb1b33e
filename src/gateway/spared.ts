/** What an observed agent was let through with: written down as the refusal that it would be. */
import type { Answer } from "../guards/events.ts";
import { sparedIn } from "../guards/manifest/observe.ts";
import { type Call, originOf } from "./call.ts";
import { emit, type Gateway } from "./gateway.ts";

export function noteSpared(
  { asked, incoming }: Pick<Call, "asked" | "incoming">,
  answers: readonly Answer[],
  gateway: Gateway,
): void {
  if (!incoming.manifest.observing) return;
  const origin = originOf(incoming);
  for (const { code, facts } of sparedIn(answers)) {
    emit(gateway, incoming.tenure, { kind: "call.spared", asked, code, facts, ...origin });
  }
}
