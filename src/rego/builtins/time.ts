/** Instants in nanoseconds since 1970, which do not fit a double: they are whole numbers. */
import { dayNumber, daysIn, weekdayOf } from "../formats/calendar.ts";
import { parseDuration } from "../formats/duration.ts";
import { formatTime, type LocalTime, localTime, type Moment } from "../formats/time-format.ts";
import { layoutOf } from "../formats/time-layout.ts";
import { parseTime } from "../formats/time-parse.ts";
import type { Host, Zone } from "../host.ts";
import { wholeNumberOf, wholeOf } from "../values/number.ts";
import { typeName } from "../values/text.ts";
import { isList, type Value } from "../values/value.ts";
import {
  attempt,
  BuiltinError,
  type Builtins,
  failed,
  integer,
  isNumeric,
  operand,
  text,
  wrongType,
} from "./builtin.ts";

export const TIME: Builtins = {
  "time.now_ns": (_, { host }) => wholeNumberOf(host.now()),
  "time.parse_ns": (operands) => {
    const layout = layoutOf(text(operands, 1));
    const value = text(operands, 2);
    return instant(attempt(() => parseTime(layout, value)));
  },
  "time.parse_rfc3339_ns": (operands) => {
    const value = text(operands, 1);
    return instant(attempt(() => parseTime(layoutOf("RFC3339"), value)));
  },
  "time.parse_duration_ns": (operands) => {
    const duration = text(operands, 1);
    return wholeNumberOf(attempt(() => parseDuration(duration)));
  },
  "time.date": (operands, { host }) => {
    const { year, month, day } = localTime(timeIn(operand(operands, 1), host).moment);
    return [year, month, day];
  },
  "time.clock": (operands, { host }) => {
    const { hour, minute, second } = localTime(timeIn(operand(operands, 1), host).moment);
    return [hour, minute, second];
  },
  "time.weekday": (operands, { host }) => {
    return weekdayOf(localTime(timeIn(operand(operands, 1), host).moment).days);
  },
  "time.format": (operands, { host }) => {
    const { moment, layout } = timeIn(operand(operands, 1), host);
    const written = layoutOf(layout === "" ? "RFC3339Nano" : layout);
    return attempt(() => formatTime(moment, written));
  },
  "time.add_date": (operands, { host }) => {
    const time = timeIn(operand(operands, 1), host);
    const added = { year: integer(operands, 2), month: integer(operands, 3) };
    return addDate(time, { ...added, day: integer(operands, 4) });
  },
  "time.diff": (operands, { host }) => {
    const first = timeIn(operand(operands, 1), host);
    const second = timeIn(operand(operands, 2), host);
    return difference(first, momentIn(second.moment, first.zoneAt));
  },
};

const NANOS_MIN = -(1n << 63n);
const NANOS_MAX = (1n << 63n) - 1n;
/** More than 63 bits of nanoseconds hold, and few enough to ask a calendar about. */
const DAYS_MAX = 200_000;
const SECOND_NANOS = 1_000_000_000n;

function instant(nanos: bigint): Value {
  if (nanos >= NANOS_MIN && nanos <= NANOS_MAX) return wholeNumberOf(nanos);
  throw failed("time outside of valid range");
}

type ZoneAt = (seconds: number) => Zone;

interface ZonedTime {
  readonly moment: Moment;
  readonly layout: string;
  readonly zoneAt: ZoneAt;
}

const UTC: Zone = { offset: 0, abbreviation: "UTC" };

/** Nanoseconds, or those with a time zone and a layout. */
function timeIn(value: Value, host: Host): ZonedTime {
  const [nanos, zone = "", layout = ""] = isList(value) ? value : [value];
  if (nanos === undefined || (!isList(value) && !isNumeric(value))) throw noTime(value);
  if (!isNumeric(nanos)) throw wrongType(1, "number", nanos);
  if (typeof zone !== "string") throw wrongType(1, "string", zone);
  const zoneAt = zoneNamed(zone, host);
  if (typeof layout !== "string") throw wrongType(1, "string", layout);
  const whole = wholeOf(nanos);
  if (whole === undefined || whole < NANOS_MIN || whole > NANOS_MAX) {
    throw failed("timestamp too big");
  }
  const fraction = ((whole % SECOND_NANOS) + SECOND_NANOS) % SECOND_NANOS;
  const seconds = Number((whole - fraction) / SECOND_NANOS);
  const moment = { seconds, nanos: Number(fraction), ...UTC };
  return { moment: momentIn(moment, zoneAt), layout, zoneAt };
}

function noTime(value: Value): BuiltinError {
  const expected = "either number (ns) or [number (ns), string (tz)]";
  const message = `operand 1 must be ${expected} but got ${typeName(value)}`;
  return new BuiltinError("eval_type_error", message);
}

/** The gateway's own local time is UTC: an answer does not depend on where it runs. */
function zoneNamed(name: string, host: Host): ZoneAt {
  if (name === "" || name === "UTC" || name === "Local") return () => UTC;
  if (name.includes("..") || /^[/\\]/.test(name)) throw failed("time: invalid location name");
  return (seconds) => {
    const zone = attempt(() => host.zone(name, seconds));
    if (zone === undefined) throw failed(`unknown time zone ${name}`);
    return zone;
  };
}

function momentIn(moment: Moment, zoneAt: ZoneAt): Moment {
  return { ...moment, ...zoneAt(moment.seconds) };
}

interface Added {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** The same local time on another day; what the month does not have counts on into the next. */
function addDate({ moment, zoneAt }: ZonedTime, { year, month, day }: Added): Value {
  const time = localTime(moment);
  const date = { year: time.year + year, month: time.month + month, day: time.day + day };
  const days = dayNumber(date);
  if (Math.abs(days) > DAYS_MAX) throw failed("time outside of valid range");
  const local = days * 86_400 + clockSeconds(time);
  const seconds = local - offsetAt(local, zoneAt);
  return instant(BigInt(seconds) * SECOND_NANOS + BigInt(moment.nanos));
}

function clockSeconds({ hour, minute, second }: LocalTime): number {
  return hour * 3_600 + minute * 60 + second;
}

/** Of a local time: that of its digits as UTC is a first guess, as Go guesses. */
function offsetAt(local: number, zoneAt: ZoneAt): number {
  const guess = zoneAt(local).offset;
  return guess === 0 ? 0 : zoneAt(local - guess).offset;
}

/** Years, months, days, hours, minutes and seconds, by the calendar of the first. */
function difference(first: ZonedTime, second: Moment): Value {
  const isLater = compareMoments(first.moment, second) > 0;
  const from = localTime(isLater ? second : first.moment);
  const to = localTime(isLater ? first.moment : second);
  const fields = [
    to.year - from.year,
    to.month - from.month,
    to.day - from.day,
    to.hour - from.hour,
    to.minute - from.minute,
    to.second - from.second,
  ];
  const sizes = [0, 12, daysIn(from.year, from.month), 24, 60, 60];
  return borrowed(fields, sizes);
}

function compareMoments(a: Moment, b: Moment): number {
  return a.seconds - b.seconds || a.nanos - b.nanos;
}

/** What is below zero takes one from the field before it. */
function borrowed(fields: readonly number[], sizes: readonly number[]): readonly number[] {
  const result = [...fields];
  for (let i = result.length - 1; i > 0; i -= 1) {
    const field = result[i] ?? 0;
    if (field >= 0) continue;
    result[i] = field + (sizes[i] ?? 0);
    result[i - 1] = (result[i - 1] ?? 0) - 1;
  }
  return result;
}
