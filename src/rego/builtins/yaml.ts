/** YAML, read and written by the host. */
import { EvaluationError } from "../errors.ts";
import { attempt, type Builtins, operand, text } from "./builtin.ts";

export const YAML: Builtins = {
  "yaml.marshal": (operands, { host }) => attempt(() => host.yamlText(operand(operands, 1))),
  "yaml.unmarshal": (operands, { host }) => {
    const document = text(operands, 1);
    return attempt(() => host.parseYaml(document));
  },
  "yaml.is_valid": (operands, { host }) => {
    const document = operand(operands, 1);
    if (typeof document !== "string") return false;
    try {
      host.parseYaml(document);
      return true;
    } catch (error) {
      if (error instanceof EvaluationError) throw error;
      return false;
    }
  },
};
