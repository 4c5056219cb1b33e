import { describe, expect, it } from "vitest";
import {
  DEPRECATED,
  INFIX,
  NONDETERMINISTIC,
  REFUSED,
  RELATIONS,
} from "../../../src/rego/builtins/known.ts";
import { SIGNATURES } from "../../../src/rego/builtins/signatures.ts";
import { readSignature, signatureOf } from "../../../src/rego/types/signature.ts";
import { ANY, arrayType, either, NUMBER, STRING, setType } from "../../../src/rego/types/type.ts";
import { typeText } from "../../../src/rego/types/type-text.ts";

const NAMES = Object.keys(SIGNATURES);

describe("signatures of the built-ins", () => {
  it("are those of OPA 1.22.2, and every one can be read", () => {
    expect(NAMES.length).toBe(206);
    for (const name of NAMES) expect(signatureOf(name)?.kind, name).toBe("function");
  });

  it("belong to names of OPA only", () => {
    expect(signatureOf("nosuch")).toBeUndefined();
    expect(signatureOf("constructor")).toBeUndefined();
  });

  it.each([
    ["time.now_ns", 0],
    ["startswith", 2],
    ["io.jwt.encode_sign", 3],
    ["net.cidr_contains_matches", 2],
    ["json.match_schema", 2],
    ["print", 0],
  ])("of %s has %i parameters", (name, arity) => {
    expect(signatureOf(name)?.parameters.length).toBe(arity);
  });

  it.each([
    "startswith",
    "count",
    "numbers.range",
    "time.clock",
    "net.cidr_overlap",
    "graph.reachable",
    "json.patch",
    "print",
    "internal.test_case",
    "object.union_n",
  ])("of %s are printed as they are written", (name) => {
    const text = typeText(signatureOf(name));
    const sorted = (notation: string) => [...notation.matchAll(/\w+|\W/g)].map(String).sort();
    expect(sorted(text)).toEqual(sorted(SIGNATURES[name] ?? ""));
  });

  it("are read form by form", () => {
    const { parameters, more, result } = readSignature("(number | set<any>, string...) array<any>");
    expect(parameters).toEqual([either(NUMBER, setType(ANY))]);
    expect(more).toEqual(STRING);
    expect(result).toEqual(arrayType([], ANY));
    const object = readSignature("({a: number, [string]: any}) [string]");
    expect(typeText(object)).toBe("({a: number, [string]: any}) [string]");
  });

  it.each(["(string", "(strin) any", "(array<any) any", "(any) any any", "any"])(
    "are an error of ours where they are written %s",
    (notation) => {
      expect(() => readSignature(notation)).toThrow(TypeError);
    },
  );
});

describe("what is known of the built-ins", () => {
  it("names only built-ins of OPA", () => {
    const named = [...DEPRECATED, ...INFIX.keys(), ...NONDETERMINISTIC, ...REFUSED.keys()];
    const unknown = [...named, ...RELATIONS].filter((name) => !NAMES.includes(name));
    expect(unknown).toEqual([]);
  });

  it("has one sentence for each that is refused", () => {
    for (const [name, why] of REFUSED) expect(why, name).toMatch(/^[A-Z].*\.$/);
  });
});
