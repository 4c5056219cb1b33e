/** Times: relative and absolute, in UTC, as two units at most. */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `52 s`, `3 min 38 s`, `4 h 53 min`, `13 days 2 h`. */
export function duration(ms: number): string {
  const left = Math.max(0, ms);
  if (left < MINUTE) return `${Math.floor(left / SECOND)} s`;
  const [large, small] = left < HOUR ? [MIN, SEC] : left < DAY ? [HOURS, MIN] : [DAYS, HOURS];
  const whole = Math.floor(left / large.ms);
  const rest = Math.floor((left % large.ms) / small.ms);
  const first = `${whole} ${whole === 1 ? large.one : large.many}`;
  return rest === 0 ? first : `${first} ${rest} ${small.many}`;
}

interface Length {
  readonly ms: number;
  readonly one: string;
  readonly many: string;
}

const SEC: Length = { ms: SECOND, one: "s", many: "s" };
const MIN: Length = { ms: MINUTE, one: "min", many: "min" };
const HOURS: Length = { ms: HOUR, one: "h", many: "h" };
const DAYS: Length = { ms: DAY, one: "day", many: "days" };

const two = (value: number): string => value.toString().padStart(2, "0");

/** `03:07:42` */
export function clock(iso: string): string {
  const at = new Date(iso);
  return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
}

/** `03:07:42.911`: what happened in one second is told apart. */
export function clockMs(iso: string): string {
  return `${clock(iso)}.${new Date(iso).getUTCMilliseconds().toString().padStart(3, "0")}`;
}

/** `17 Nov`, with the year when it is another one. */
export function day(iso: string, now: number): string {
  const at = new Date(iso);
  const text = `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]}`;
  const year = at.getUTCFullYear();
  return year === new Date(now).getUTCFullYear() ? text : `${text} ${year}`;
}

/** `03:07:42 UTC`, with the date when it is not today. */
export function moment(iso: string, now: number): string {
  const today = iso.slice(0, 10) === new Date(now).toISOString().slice(0, 10);
  return today ? `${clock(iso)} UTC` : `${day(iso, now)} ${clock(iso)} UTC`;
}

/** In the reader's own time zone, for hover and focus. */
export function local(iso: string): string {
  const zone = { dateStyle: "medium", timeStyle: "long" } as const;
  return `${new Date(iso).toLocaleString("en-GB", zone)}, here`;
}
