/** What the schemas of answers are made of. The view functions are typed by these schemas. */
import { z } from "zod";
import { UNITS, type Unit } from "../../guards/budget/unit.ts";

/** ISO text. */
export const INSTANT = z.string().meta({ format: "date-time" });

/** A decimal, in the unit that its field's name ends in. */
export const AMOUNT = z.string().regex(/^-?\d+(\.\d+)?$/);

/** What an event or a guard says: names that are its own. */
export const SAID = z.record(z.string(), z.unknown());

/** Numbers that decided, by names of the rule's own. */
export const NUMBERS = z.record(z.string(), z.union([z.string(), z.number()]));

export const UNIT = z.enum(UNITS);

export function list<Schema extends z.ZodType>(schema: Schema) {
  return z.array(schema).readonly();
}

type Fields<Name extends string, In extends Unit> = {
  [One in Name as `${One}_${In}`]: typeof AMOUNT;
};

function fieldsOf<Name extends string, In extends Unit>(names: readonly Name[], unit: In) {
  const fields = names.map((name) => [`${name}_${unit}`, AMOUNT] as const);
  // The names end in the unit, which the type of fromEntries cannot say.
  return Object.fromEntries(fields) as Fields<Name, In>;
}

/** An object with these amounts in one of the units. */
export function inSomeUnit<Name extends string, Shape extends z.ZodRawShape>(
  names: readonly Name[],
  shape: Shape,
) {
  return z.union([
    z.strictObject({ ...shape, ...fieldsOf(names, "usd") }),
    z.strictObject({ ...shape, ...fieldsOf(names, "tokens") }),
    z.strictObject({ ...shape, ...fieldsOf(names, "calls") }),
  ]);
}
