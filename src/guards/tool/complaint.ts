/**
 * A tool that says that it failed, says nothing where it must say something, or says what its
 * `output` does not allow: for people and breakers it failed. Its result is delivered all the same.
 */
import { DEPTH_MAX } from "./canonical.ts";
import { type Answered, isEmpty, resultValue } from "./result.ts";
import type { GrantedTool, ResultCheck } from "./tool.ts";

/** What a tool answered, with its own word on whether it failed. */
export interface Told extends Answered {
  readonly isError: boolean;
}

/** What was wrong with a result, in words; null: nothing. */
export function complaintOf(granted: GrantedTool, told: Told): string | null {
  if (told.isError) return "the tool says that it failed";
  if (granted.emptyIsError && isEmpty(told)) return "the result is empty";
  return granted.output === null ? null : misfitOf(granted.output, resultValue(told));
}

function misfitOf(check: ResultCheck, value: unknown): string | null {
  if (value === undefined) return "output: /result is no JSON value.";
  // A schema that refers to itself is followed as deep as the value goes.
  if (isDeeper(value, DEPTH_MAX)) return `output: /result is nested deeper than ${DEPTH_MAX}.`;
  const wrong = check(value);
  return wrong === null ? null : `output: ${wrong}`;
}

function isDeeper(value: unknown, depthMax: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return depthMax <= 0 || Object.values(value).some((part) => isDeeper(part, depthMax - 1));
}
