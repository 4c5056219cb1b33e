/** What `$"…{x}…"` writes. */
import { EvaluationError } from "../errors.ts";
import { regoText } from "../values/text.ts";
import { RegoSet, type Value } from "../values/value.ts";
import { array, type Builtins } from "./builtin.ts";

/** Texts as they are, anything else as Rego writes it. */
export function interpolated(value: Value | undefined): string {
  if (value === undefined) return "<undefined>";
  return typeof value === "string" ? value : regoText(value);
}

/** Each part is a constant, or the set of the values of what stands between the braces. */
function templateString(operands: readonly Value[]): Value {
  return array(operands, 1)
    .map((part) => interpolated(part instanceof RegoSet ? onlyElement(part) : part))
    .join("");
}

function onlyElement(values: RegoSet): Value | undefined {
  const [first, second] = values.sorted();
  if (second === undefined) return first;
  const message = "template-strings must not produce multiple outputs";
  throw new EvaluationError("eval_conflict_error", message);
}

export const INTERPOLATION: Builtins = { "internal.template_string": templateString };
