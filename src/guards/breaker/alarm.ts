/** What people are told of a number that is above its line: the numbers, and one sentence. */
import type { Millis } from "../money.ts";
import type { Amount } from "./measure.ts";
import type { Alarm, Drawn, LevelRule, Subject } from "./rules.ts";

interface Above {
  readonly rule: LevelRule;
  readonly subject: Subject;
  readonly amount: Amount;
  readonly value: number;
  readonly line: Drawn;
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HUNDRED = 100;

export function alarmOf(above: Above): Alarm {
  const { line, rule, subject } = above;
  const { is, numbers, says, usual } = wordsOf(above);
  const seconds = rule.forMs / SECOND_MS;
  return {
    rule: rule.name,
    signal: rule.signal,
    action: rule.action,
    ...subject,
    task: null,
    value: above.value,
    limit: line.at,
    numbers: {
      ...numbers,
      for_seconds: seconds,
      ...(line.usual === null ? {} : { [usual]: line.usual }),
    },
    says: `${says}${seconds === 0 ? "" : ` for ${seconds} s`}${usualOf(above, is)}.`,
  };
}

interface Words {
  readonly numbers: Readonly<Record<string, number>>;
  /** The key of what is usual. */
  readonly usual: string;
  readonly says: string;
  /** A value in words. */
  readonly is: (value: number) => string;
}

function wordsOf({ amount, line, rule, subject, value }: Above): Words {
  const last = timeOf(rule.windowMs);
  const { tool } = subject;
  switch (rule.signal) {
    case "calls_per_tool":
      return {
        numbers: {
          calls: amount.count,
          window_seconds: rule.windowMs / SECOND_MS,
          line_per_minute: line.at,
        },
        usual: "usual_per_minute",
        says:
          `The tool ${tool} was called ${amount.count} times in the last ${last}, ` +
          `and more than ${rounded(line.at)} a minute`,
        is: rounded,
      };
    case "tool_error_rate":
      return {
        numbers: { errors: amount.count, calls: amount.beside, line: line.at },
        usual: "usual",
        says:
          `Of ${amount.beside} calls of the tool ${tool} in the last ${last} ` +
          `${amount.count} failed (${percent(value)}), more than ${percent(line.at)}`,
        is: percent,
      };
    case "refusals":
      return {
        numbers: {
          refusals: amount.count,
          window_seconds: rule.windowMs / SECOND_MS,
          line_per_minute: line.at,
        },
        usual: "usual_per_minute",
        says:
          `The agent was refused ${amount.count} times in the last ${last}, ` +
          `and more than ${rounded(line.at)} times a minute`,
        is: rounded,
      };
    case "spend_usd_per_hour":
      return {
        numbers: { usd_per_hour: value, line_usd_per_hour: line.at, calls: amount.beside },
        usual: "usual_usd_per_hour",
        says:
          `The agent spent at a rate of ${dollars(value)} an hour over the last ${last}, ` +
          `more than ${dollars(line.at)}`,
        is: dollars,
      };
  }
}

function usualOf({ line: { usual }, rule }: Above, is: (value: number) => string): string {
  if (usual === null) return "";
  return rule.above.kind === "last-week"
    ? `; in the same hour a week ago it was ${is(usual)}`
    : `; usual is ${is(usual)}`;
}

function timeOf(ms: Millis): string {
  if (ms === MINUTE_MS) return "minute";
  return ms % MINUTE_MS === 0 ? `${ms / MINUTE_MS} min` : `${rounded(ms / SECOND_MS)} s`;
}

function percent(share: number): string {
  return `${rounded(share * HUNDRED)} %`;
}

/** Small ones by three digits that count. */
function dollars(usd: number): string {
  return `$${usd >= 1 ? usd.toFixed(2) : String(Number(usd.toPrecision(3)))}`;
}

function rounded(number: number): string {
  return String(Math.round(number * 10) / 10);
}
