/**
 * What the design knows and this version does not do yet: refused, never ignored, with a sentence.
 */

const TOOLS = "Tool rules are not in this version: it guards model calls only.";
const BREAKERS = "Breakers and the clutch are not in this version.";
const MEASURES = "Only limit_usd is in this version: budgets count money, not tokens or calls.";
const POLICIES = "Policies are not in this version.";
const CONTAINMENT = "Sandboxes and cloud backstops are not in this version.";

/** Keys that are not in this version, whatever the file. */
export const LATER_KEYS: Readonly<Record<string, string>> = {
  tool_servers: TOOLS,
  allowed_tools: TOOLS,
  blacklisted_tools: TOOLS,
  denied_tools: TOOLS,
  hosted_tools: TOOLS,
  refusal_rounds: TOOLS,
  max_tool_calls: TOOLS,
  max_arguments_bytes: TOOLS,
  tool: TOOLS,
  breakers: BREAKERS,
  golden: BREAKERS,
  parking: "Parking comes with the clutch and is not in this version.",
  limit_tokens: MEASURES,
  limit_calls: MEASURES,
  max_calls: "Limits on the number of calls are not in this version; cap the task's money instead.",
  max_duration: "Limits on the duration of a task are not in this version; cap its money instead.",
  rolling: "Rolling windows are not in this version; use task, lifetime, day or month.",
  alert_at: "Alerts are not in this version; watch the budget's metrics instead.",
  notifiers: "Notifiers are not in this version; watch the metrics instead.",
  time_zone: "Time zones are not in this version: calendar windows are UTC.",
  week_starts: "Weeks are not in this version; use task, lifetime, day or month.",
  policies: POLICIES,
  policy: POLICIES,
  rollouts: POLICIES,
  on_change:
    "Keeping running tasks on an old manifest is not in this version: changes apply at once.",
  mode: "Observing without enforcing is not in this version: everything is enforced.",
  observe_until: "Observing without enforcing is not in this version: everything is enforced.",
  egress: CONTAINMENT,
  cloud: CONTAINMENT,
  sandbox: CONTAINMENT,
  oidc: "OIDC is not in this version; operators have tokens.",
};

const WINDOW = "That window is not in this version; use task, lifetime, day or month.";

/** Windows that are not in this version. */
export const LATER_WINDOWS: Readonly<Record<string, string>> = {
  hour: WINDOW,
  week: WINDOW,
  rolling: WINDOW,
};

/** Answers to an exhausted budget that are not in this version. */
export const LATER_ON_EXHAUSTED: Readonly<Record<string, string>> = {
  park: "Parking comes with the clutch and is not in this version; use deny.",
};

/** Scopes of `each` that are not in this version. */
export const LATER_SCOPES: Readonly<Record<string, string>> = { tool: TOOLS };

/** Files and folders that would be rules: one that is there and not enforced would be a trap. */
export const LATER_FILES: Readonly<Record<string, string>> = {
  policies: POLICIES,
  "rollouts.yaml": POLICIES,
  golden: BREAKERS,
};
