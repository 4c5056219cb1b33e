/**
 * What the design knows and this version does not do yet: refused, never ignored, with a sentence.
 */

const OUTPUTS = "Watching outputs is not in this version.";
const ROLLOUTS = "Rollouts are not in this version.";
const CONTAINMENT = "Sandboxes and cloud backstops are not in this version.";

/** Keys that are not in this version, whatever the file. */
export const LATER_KEYS: Readonly<Record<string, string>> = {
  // In slipclutch.yaml it is known.
  parking: "Parking of one agent is not in this version: slipclutch.yaml has that of all.",
  for_outputs: OUTPUTS,
  golden: OUTPUTS,
  rolling: "Rolling windows are not in this version; use task, lifetime, day or month.",
  alert_at: "Alerts are not in this version; watch the budget's metrics instead.",
  time_zone: "Time zones are not in this version: calendar windows are UTC.",
  week_starts: "Weeks are not in this version; use task, lifetime, day or month.",
  rollouts: ROLLOUTS,
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

/** Signals of breakers that are not in this version. */
export const LATER_SIGNALS: Readonly<Record<string, string>> = {
  output_distance: OUTPUTS,
};

/** Files and folders that would be rules: one that is there and not enforced would be a trap. */
export const LATER_FILES: Readonly<Record<string, string>> = {
  "rollouts.yaml": ROLLOUTS,
  golden: OUTPUTS,
};

const ROAD = "That way to tell people is not in this version; use slack or webhook.";

/** Kinds of notifiers that are not in this version. */
export const LATER_NOTIFIERS: Readonly<Record<string, string>> = {
  pagerduty: ROAD,
  email: ROAD,
  smtp: ROAD,
};
