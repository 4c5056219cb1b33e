/** The rows of tables as tests. */
import { overlaid } from "../../config/policy-documents.ts";
import type { TableRow, Wanted } from "../../config/policy-tables.ts";
import {
  equal,
  jsonText,
  LoadError,
  type Loaded,
  parseJson,
  parseQuery,
  prepareAnswer,
  RegoObject,
  type Value,
} from "../../rego/index.ts";
import { ended, type Outcome, type TestCase } from "./test-rules.ts";

export function tableCase(row: TableRow, loaded: Loaded): TestCase {
  const { data: over, file, input, line, name, query, wanted } = row;
  const asked = questionOf(query, loaded);
  return {
    ...{ file, row: line, name },
    run: ({ data, input: _, ...means }) => {
      if (asked instanceof LoadError) {
        return [{ name, outcome: judged(refused(asked), wanted), output: [] }];
      }
      const own = data instanceof RegoObject ? overlaid(data, over) : data;
      const given = input === undefined ? {} : { input };
      const silent = { ...means, ...given, data: own };
      const { outcome, output } = ended(name, silent, asked, (value) => difference(value, wanted));
      return [{ name, outcome: judged(outcome, wanted), output }];
    },
  };
}

function questionOf(query: string, loaded: Loaded): ReturnType<typeof prepareAnswer> | LoadError {
  try {
    return prepareAnswer(loaded, parseQuery(query));
  } catch (error) {
    if (error instanceof LoadError) return error;
    throw error;
  }
}

function refused({ problems: [problem] }: LoadError): Outcome {
  const { code = "rego_compile_error", message = "" } = problem ?? {};
  return { kind: "error", code, message };
}

/** An error may be what is wanted. */
function judged(outcome: Outcome, wanted: Wanted): Outcome {
  if (wanted.kind !== "error" || outcome.kind !== "error") return outcome;
  if (outcome.code === wanted.code) return { kind: "pass" };
  return { kind: "fail", because: `it ends with ${outcome.code}, not with ${wanted.code}` };
}

function difference(value: Value | undefined, wanted: Wanted): string | null {
  const got = value === undefined ? "nothing (undefined)" : jsonText(value);
  switch (wanted.kind) {
    case "error":
      return `it answers ${got}, and no error ${wanted.code}`;
    case "undefined":
      return value === undefined ? null : `it answers ${got}, not nothing (undefined)`;
    case "value": {
      // Sets are lists in JSON, and what is wanted is JSON.
      const same = value !== undefined && equal(parseJson(jsonText(value)), wanted.value);
      return same ? null : `it answers ${got}, not ${jsonText(wanted.value)}`;
    }
  }
}
