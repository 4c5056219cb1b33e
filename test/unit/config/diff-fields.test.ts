/** Every field of a manifest and of a tool server has its words and its direction. */
import { describe, expect, test } from "vitest";
import { fieldsOfTheFolder } from "../../e2e/wiring-fields.ts";
import { everything, FIELD_CASES, type FieldCase } from "./diff-field-cases.ts";
import { linesOf } from "./diff-folder.ts";

/** Of the manifest, and of the tool servers: what changes what an agent can do. */
function fieldsToTell(): readonly string[] {
  return fieldsOfTheFolder().flatMap((field) => {
    if (field.startsWith("agents/*.yaml ")) return [field.slice("agents/*.yaml ".length)];
    const inMain = field.slice("slipclutch.yaml ".length);
    return field.startsWith("slipclutch.yaml tool_servers.") ? [inMain] : [];
  });
}

test("every field has a case, and every case a field", () => {
  expect(Object.keys(FIELD_CASES).toSorted()).toEqual(fieldsToTell().toSorted());
});

function sidesOf({ base, set }: FieldCase) {
  const [before, after] = [everything(), everything()];
  for (const folder of [before, after]) base?.(folder);
  set(after);
  return [before, after] as const;
}

/** These say which of two spellings of one thing is used. */
const SPELLINGS = ["version", "schema_version", "agent", "agent_id"];

describe.each(Object.entries(FIELD_CASES))("%s", (field, one) => {
  test("is told when it changes, there and back", () => {
    const [before, after] = sidesOf(one);
    expect(linesOf(before, after)).toEqual(one.there);
    expect(linesOf(after, before)).toEqual(one.back);
  });

  test("is told in words, and without what is secret", () => {
    const lines = [...one.there, ...one.back];
    expect(lines.length > 0).toBe(!SPELLINGS.includes(field));
    // What a field without words is told with.
    expect(
      lines.filter((line) => / → |is not said any more|was not said before/.test(line)),
    ).toEqual([]);
    expect(lines.join().includes("-secret") || lines.join().includes("written-there")).toBe(false);
  });

  test("is never narrower both ways", () => {
    const directionsOf = (lines: readonly string[]) => lines.map((line) => line.split(" ")[0]);
    const onlyNarrower = (lines: readonly string[]) =>
      lines.length > 0 && directionsOf(lines).every((direction) => direction === "narrower");
    expect(onlyNarrower(one.there) && onlyNarrower(one.back)).toBe(false);
  });
});
