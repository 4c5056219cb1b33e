/** The Gregorian calendar for all time, without time zones. Days are counted from 1970-01-01. */

export interface CalendarDate {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
}

/** Days before the month in a year that is counted from March, so that leap days come last. */
function daysBeforeMonth(fromMarch: number): number {
  return Math.floor((153 * fromMarch + 2) / 5);
}

const DAYS_OF_400_YEARS = 146_097;

/** From 0000-03-01 to 1970-01-01. */
const DAYS_TO_EPOCH = 719_468;

/** Months and days out of range count on: the 32nd of January is the 1st of February. */
export function dayNumber({ year, month, day }: CalendarDate): number {
  const months = year * 12 + month - 3;
  const years = Math.floor(months / 12);
  const leaps = Math.floor(years / 4) - Math.floor(years / 100) + Math.floor(years / 400);
  const before = years * 365 + leaps + daysBeforeMonth(months - years * 12);
  return before + day - 1 - DAYS_TO_EPOCH;
}

export function dateOfDay(number: number): CalendarDate {
  const days = number + DAYS_TO_EPOCH;
  const eras = Math.floor(days / DAYS_OF_400_YEARS);
  const rest = days - eras * DAYS_OF_400_YEARS;
  const leaps = Math.floor(rest / 1_460) - Math.floor(rest / 36_524) + Math.floor(rest / 146_096);
  const years = Math.floor((rest - leaps) / 365);
  const yearDays = years * 365 + Math.floor(years / 4) - Math.floor(years / 100);
  const yearDay = rest - yearDays;
  const fromMarch = Math.floor((5 * yearDay + 2) / 153);
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  const year = eras * 400 + years + (month <= 2 ? 1 : 0);
  return { year, month, day: yearDay - daysBeforeMonth(fromMarch) + 1 };
}

export function daysIn(year: number, month: number): number {
  return dayNumber({ year, month: month + 1, day: 1 }) - dayNumber({ year, month, day: 1 });
}

/** From 1. */
export function dayOfYear(date: CalendarDate): number {
  return dayNumber(date) - dayNumber({ year: date.year, month: 1, day: 1 }) + 1;
}

export const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

/** 1970-01-01 was a Thursday. */
export const WEEKDAYS = [
  "Sunday",
  "Monday",
  "Tuesday",
  "Wednesday",
  "Thursday",
  "Friday",
  "Saturday",
];

export function weekdayOf(number: number): string {
  return WEEKDAYS[(((number + 4) % 7) + 7) % 7] ?? "";
}
