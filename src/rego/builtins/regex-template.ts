/** What Go puts in the place of a match: `$1`, `$name`, `${name}`, `$$`. */
import type { Match } from "../host.ts";
import type { BuiltinCall } from "./builtin.ts";

/** The name is as long as it can be: `$1x` is the group `1x`. */
const REFERENCE = /\$(?:\$|([\p{L}\p{Nd}_]+)|\{([\p{L}\p{Nd}_]+)\})/gu;

const CHARACTERS_PER_UNIT = 16;

export function expand(
  template: string,
  { groups }: Match,
  names: ReadonlyMap<string, number>,
  call: BuiltinCall,
): string {
  return template.replace(REFERENCE, (_, plain?: string, braced?: string) => {
    const name = plain ?? braced;
    if (name === undefined) return "$";
    const group = groups[groupOf(name, names) ?? -1] ?? "";
    call.charge(group.length / CHARACTERS_PER_UNIT);
    return group;
  });
}

function groupOf(name: string, names: ReadonlyMap<string, number>): number | undefined {
  return /^(?:0|[1-9][0-9]{0,8})$/.test(name) ? Number(name) : names.get(name);
}
