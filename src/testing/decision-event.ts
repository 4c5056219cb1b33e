import type { DecisionEvent } from "../ports/decision-log.ts";

const AT = Date.UTC(2026, 10, 17, 3, 7, 42, 5);

/** An entry that has most of what one can have. */
export function decisionEvent(no: number, changes: Partial<DecisionEvent> = {}): DecisionEvent {
  return {
    labels: { id: "gateway-1", version: "0.1.0", region: "eu" },
    decision_id: `d-${no}`,
    ...{ trace_id: "0af7651916cd43dd8448eb211c80319c", span_id: "b7ad6b7169203331" },
    bundles: { guardrails: { revision: "9f3c2ab" } },
    path: "agent/authz/allow",
    input: { agent_id: "support", resource: { type: "database", table_name: "orders" } },
    result: true,
    requested_by: "support",
    timestamp: new Date(AT + no).toISOString(),
    metrics: { timer_rego_query_eval_ns: 41_000 },
    req_id: no + 1,
    ...changes,
  };
}
