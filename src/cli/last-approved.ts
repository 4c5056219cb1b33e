/** What was approved before, beside what is asked now, in words. */
import type { ReviewView } from "../control/client.ts";

/** None where nothing is known of an approval like this. */
export function lastApprovedLines({
  evidence,
  last_approved: last,
}: Pick<ReviewView, "evidence" | "last_approved">): readonly string[] {
  if (last === null) return [];
  const isOfModel = "model" in Object(evidence);
  const head = `${last.at} by ${last.by} in ${last.review}, of ${last.task}`;
  if (last.differences === null) {
    const what = isOfModel ? "a request" : "arguments";
    return [`${head}: ${what} too long to be kept whole, so nobody can compare them`];
  }
  if (last.differences.length === 0) {
    return [`${head}: with the same ${isOfModel ? "request" : "arguments"}`];
  }
  const more = last.more === 0 ? [] : [`and ${last.more} more differences`];
  const other = isOfModel ? "another request" : "other arguments";
  return [`${head}, with ${other}:`, ...last.differences.map(differenceText), ...more];
}

type Differences = NonNullable<NonNullable<ReviewView["last_approved"]>["differences"]>;

function differenceText(one: Differences[number]): string {
  const { is, path, was } = one;
  if (!("was" in one)) return `${path} is new: ${JSON.stringify(is)}`;
  if (!("is" in one)) return `${path} is gone, it was ${JSON.stringify(was)}`;
  return `${path} is ${JSON.stringify(is)}, it was ${JSON.stringify(was)}`;
}
