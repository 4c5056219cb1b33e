/** What we do not know may cost money: an unknown field or billing header is refused by name. */
import type { Guard } from "../facts.ts";
import { deny } from "../verdict.ts";

const NAMES_MAX = 5;

export const known: Guard = ({ ask }, bounds, states) => {
  if (ask.unknownFields.length > 0) {
    const names = ask.unknownFields.slice(0, NAMES_MAX).join(", ");
    const fields = ask.unknownFields.slice(0, NAMES_MAX).map((name) => name.split(" ").at(-1));
    const line = `allow_fields: [${fields.join(", ")}]`;
    return [states, deny("request.unknown-field", { unknown: names, to_allow: line })];
  }
  return [states, { kind: "allow", bounds, numbers: {} }];
};
