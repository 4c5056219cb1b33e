/** A moment written by a layout of Go's `time`. */
import { refused } from "../builtins/operands.ts";
import { dateOfDay, dayOfYear, MONTHS, weekdayOf } from "./calendar.ts";
import { isFraction, layoutParts } from "./time-layout.ts";

export interface Moment {
  /** Since 1970 in UTC, whole and below zero before it. */
  readonly seconds: number;
  readonly nanos: number;
  /** Of the local time, in seconds. */
  readonly offset: number;
  readonly abbreviation: string | undefined;
}

export interface LocalTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** Days since 1970-01-01. */
  readonly days: number;
}

const DAY_SECONDS = 86_400;

export function localTime({ seconds, offset }: Moment): LocalTime {
  const local = seconds + offset;
  const days = Math.floor(local / DAY_SECONDS);
  const rest = local - days * DAY_SECONDS;
  const hour = Math.floor(rest / 3_600);
  const minute = Math.floor((rest % 3_600) / 60);
  return { ...dateOfDay(days), hour, minute, second: rest % 60, days };
}

export function formatTime(moment: Moment, layout: string): string {
  const time = localTime(moment);
  const parts = layoutParts(layout).map(({ literal, element }) => {
    return literal + elementText(element, time, moment);
  });
  return parts.join("");
}

type Writer = (time: LocalTime, moment: Moment) => string;

const WRITERS: Readonly<Record<string, Writer>> = {
  "2006": ({ year }) => padded(year, 4),
  "06": ({ year }) => padded(year % 100, 2),
  January: ({ month }) => MONTHS[month - 1] ?? "",
  Jan: ({ month }) => (MONTHS[month - 1] ?? "").slice(0, 3),
  "01": ({ month }) => padded(month, 2),
  "1": ({ month }) => String(month),
  Monday: ({ days }) => weekdayOf(days),
  Mon: ({ days }) => weekdayOf(days).slice(0, 3),
  "2": ({ day }) => String(day),
  _2: ({ day }) => String(day).padStart(2),
  "02": ({ day }) => padded(day, 2),
  "002": (date) => padded(dayOfYear(date), 3),
  __2: (date) => String(dayOfYear(date)).padStart(3),
  "15": ({ hour }) => padded(hour, 2),
  "3": (time) => String(hourOfTwelve(time)),
  "03": (time) => padded(hourOfTwelve(time), 2),
  "4": ({ minute }) => String(minute),
  "04": ({ minute }) => padded(minute, 2),
  "5": ({ second }) => String(second),
  "05": ({ second }) => padded(second, 2),
  PM: ({ hour }) => (hour >= 12 ? "PM" : "AM"),
  pm: ({ hour }) => (hour >= 12 ? "pm" : "am"),
  MST: (_, { abbreviation }) => {
    if (abbreviation !== undefined) return abbreviation;
    throw refused("the abbreviation of the time zone is not known for that time");
  },
};

function elementText(element: string, time: LocalTime, moment: Moment): string {
  if (element === "") return "";
  const writer = WRITERS[element];
  if (writer !== undefined) return writer(time, moment);
  return isFraction(element)
    ? fractionText(element, moment.nanos)
    : offsetText(element, moment.offset);
}

function padded(value: number, size: number): string {
  return String(value).padStart(size, "0");
}

function hourOfTwelve({ hour }: LocalTime): number {
  return hour % 12 || 12;
}

/** Zeros keep their places, nines drop the zeros at the end. */
function fractionText(element: string, nanos: number): string {
  const digits = padded(nanos, 9).slice(0, element.length - 1);
  const sign = element.charAt(0);
  if (element.charAt(1) === "0") return sign + digits.padEnd(element.length - 1, "0");
  const shown = digits.replace(/0+$/, "");
  return shown === "" ? "" : sign + shown;
}

function offsetText(element: string, offset: number): string {
  if (element.startsWith("Z") && offset === 0) return "Z";
  const minutes = Math.trunc(offset / 60);
  const size = Math.abs(minutes);
  const fields = [
    padded(Math.floor(size / 60), 2),
    padded(size % 60, 2),
    padded(Math.abs(offset) % 60, 2),
  ];
  const count = element.replace(/[^0-9]/g, "").length / 2;
  const text = fields.slice(0, count).join(element.includes(":") ? ":" : "");
  return (minutes < 0 ? "-" : "+") + text;
}
