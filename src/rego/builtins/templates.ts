/** `strings.render_template`: a part of Go's text/template; what is not known of it is refused. */
import { RegoObject, type Value } from "../values/value.ts";
import { type BuiltinCall, type Builtins, object, text } from "./builtin.ts";
import { dataOf } from "./template/datum.ts";
import { parseTemplate } from "./template/parse.ts";
import { rendered } from "./template/render.ts";

function renderTemplate(operands: readonly Value[], call: BuiltinCall): Value {
  const template = text(operands, 1);
  const variables = dataOf(object(operands, 2));
  if (!(variables instanceof RegoObject)) throw new TypeError("an object stays an object");
  const result = rendered(parseTemplate(template), variables, call);
  return result.replaceAll("<no value>", "<undefined>");
}

export const TEMPLATES: Builtins = { "strings.render_template": renderTemplate };
