/** What is kept of each answer of a policy: counts, and an entry of the decision log. */
import type { Millis } from "../../guards/money.ts";
import type { PolicyRules } from "../../guards/policy/rules.ts";
import type { AskPolicies } from "../../telemetry/decision-log/event.ts";
import type { Asker } from "../draws.ts";
import type { Gateway } from "../gateway.ts";
import { type Answered, nanosecondsOf } from "./evaluate.ts";

const NS_PER_MS = 1_000_000;
/** Of what is asked of records, off the path of any call. */
const RECORDS_MS: Millis = 1_000;

/** Of one call: its answers are numbered. */
export function noting(asker: Asker, at: Millis, gateway: Gateway): (answered: Answered) => void {
  const { metrics, records } = gateway;
  let no = 0;
  return ({ answer, binding, input, rules, tookMs, verdict }) => {
    const said = answer.kind === "value" ? verdict : answer.kind;
    metrics.policy(binding.name, said, tookMs);
    const { decision } = asker;
    if (!records.isKept || decision === undefined) return;
    no += 1;
    records.note({
      ...{ id: `${decision}.${no}`, at, path: binding.path, input, answer },
      revision: rules.revision,
      requestedBy: asker.manifest.agent,
      tookNs: Math.round(tookMs * NS_PER_MS),
      ...traceOf(decision, gateway),
      ask: asksOfRecords(rules, at),
    });
  };
}

function traceOf(decision: string, { traces }: Gateway) {
  if (traces === null) return {};
  const { spanId, traceId } = traces.contextOf({ call: decision, decision });
  return { trace: { spanId, traceId } };
}

function asksOfRecords({ askOfRecords }: PolicyRules, at: Millis): AskPolicies | null {
  if (askOfRecords === null) return null;
  const question = { now: nanosecondsOf(at), timeoutMs: RECORDS_MS };
  return (path, event) => askOfRecords(path, { ...event }, question);
}
