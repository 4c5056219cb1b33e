/** What we do not know may cost money: an unknown field or billing header is refused by name. */
import { type Guard, NO_NUMBERS } from "../facts.ts";
import { deny } from "../verdict.ts";

const NAMES_MAX = 5;

export const known: Guard = ({ ask, target }, bounds, states) => {
  const vouchedFor = target?.rules.allowFields ?? [];
  const unknown = ask.unknownFields.filter((name) => !vouchedFor.includes(bareName(name)));
  if (unknown.length > 0) {
    const names = unknown.slice(0, NAMES_MAX);
    const line = `allow_fields: [${names.map(bareName).join(", ")}]`;
    const facts = { unknown: names.join(", "), to_allow: line };
    return [states, deny("request.unknown-field", facts)];
  }
  return [states, { kind: "allow", bounds, numbers: NO_NUMBERS }];
};

/** "body foo" or "header foo" → "foo", as `allow_fields` lists it. */
function bareName(name: string): string {
  return name.slice(name.indexOf(" ") + 1);
}
