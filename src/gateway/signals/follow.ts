/** What follows from an alarm: people are told, and where the rule says so the clutch lets go. */
import type { Alarm } from "../../guards/breaker/rules.ts";
import { emit, type Gateway } from "../gateway.ts";
import type { Tenure } from "../tenure.ts";

const REVIEW_ID_BYTES = 8;

export function follow(tenure: Tenure, alarm: Alarm, gateway: Gateway): void {
  const { action, agent, numbers, rule, says, server, task, tool } = alarm;
  const event = { agent, task, rule, action, server, tool, says, numbers };
  emit(gateway, tenure, { kind: "breaker.alarmed", ...event });
  if (action === "alert") return;
  const review = {
    id: `r-${gateway.chance.hex(REVIEW_ID_BYTES)}`,
    kind: "trip" as const,
    agent,
    subject: "",
    reason: says,
    evidence: JSON.stringify({ rule, server, tool, task, numbers }),
    at: gateway.holding.storeNow(),
  };
  void gateway.clutches.trip(review, `breaker ${rule}`);
}
