/** Where arguments go in an HTTP request, and which values cannot go there. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { argumentsOf, type HttpPlaces, misplaced } from "../../../src/guards/tool/places.ts";
import { renderToolRequest } from "../../../src/wire/http-tool-request.ts";

const PLACES: HttpPlaces = {
  path: [{ text: "/a/" }, { argument: "id" }, { text: "/b" }],
  query: [
    { name: "q", style: "repeated" },
    { name: "list", style: "commas" },
    { name: "filter", style: "members" },
  ],
  headers: ["x-tag"],
  cookies: ["theme"],
  body: { kind: "members", arguments: ["body"], type: "application/json" },
};
const FIXED = { path: "/v1", query: [], cookies: [] };

const PATHS: readonly unknown[] = [
  ...["", ".", "..", "..;", ".;x=1", "a/b", "/", "a\\b", "..\\..", "%2e%2e", "a%2Fb", "a%5cb"],
  ...["%252f", "a%00", "a\0", "a\nb", "\x7f", "\ud800", null, {}, [], ["a"], undefined],
];

describe("A hole of the path", () => {
  test.each(PATHS.map((value) => [value]))("is never filled with %j", (value) => {
    const wrong = misplaced(PLACES, value === undefined ? {} : { id: value });
    expect(wrong).toMatch(/^\/arguments\S* \S/);
  });

  test("takes what is one segment, whatever else it is", () => {
    for (const id of ["a", "a.b", "...", "a..b", "ä ö", "?x=1", "#x", "a;b", "%41", 7, 1.5, true]) {
      expect(misplaced(PLACES, { id })).toBeNull();
      const { target } = renderToolRequest(PLACES, { id }, FIXED);
      expect(new URL(target, "http://h").pathname).toBe(target);
      expect(target.split("/")).toHaveLength(5);
      expect(decodeURIComponent(target)).toBe(`/v1/a/${id}/b`);
    }
  });

  test("makes no dots with its neighbours either", () => {
    const twins: HttpPlaces = {
      ...PLACES,
      path: [{ text: "/x/" }, { argument: "a" }, { argument: "b" }, { text: ";v=1/y" }],
    };
    expect(misplaced(twins, { a: ".", b: "x" })).toBeNull();
    expect(misplaced(twins, { a: "x", b: "." })).toBeNull();
    const dotted: HttpPlaces = { ...PLACES, path: [{ text: "/x/." }, { argument: "a" }] };
    expect(misplaced(dotted, { a: "hidden" })).toBeNull();
    expect(misplaced(dotted, { a: "." })).toMatch(/must not make/);
  });

  test("never leads out of its segment, whatever is given", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.string()), (id) => {
        if (misplaced(PLACES, { id }) !== null) return;
        const { target } = renderToolRequest(PLACES, { id }, FIXED);
        expect(new URL(target, "http://h").pathname).toBe(target);
        expect(target.split("/")).toHaveLength(5);
        expect(decodeURIComponent(target)).toBe(`/v1/a/${id}/b`);
      }),
    );
  });
});

describe("An argument", () => {
  test.each([
    [{ more: 1 }, /more has no place/],
    [{ q: null }, /q must be/],
    [{ q: {} }, /q must be/],
    [{ q: ["a", {}] }, /q of each/],
    [{ q: "\udc00" }, /q must be/],
    [{ list: [["a"]] }, /list of each/],
    [{ filter: "a" }, /filter must be an object/],
    [{ filter: [1] }, /filter must be an object/],
    [{ filter: { a: {} } }, /filter must have/],
    [{ filter: { "a][b": 1 } }, /filter must have/],
    [{ "x-tag": "a\r\nx-admin: 1" }, /x-tag must be printable/],
    [{ "x-tag": "a\0" }, /x-tag must be printable/],
    [{ "x-tag": "a\nb" }, /x-tag must be printable/],
    [{ "x-tag": " a" }, /x-tag must be printable/],
    [{ "x-tag": "a\t" }, /x-tag must be printable/],
    [{ "x-tag": "ä" }, /x-tag must be printable/],
    [{ "x-tag": ["a"] }, /x-tag must be printable/],
    [{ theme: [] }, /theme must be/],
    [{ __proto__: 1, constructor: 2 }, /constructor has no place/],
  ])("that would be something else is refused: %j", (given, wrong) => {
    expect(misplaced(PLACES, { id: "a", ...given })).toMatch(wrong);
  });

  test("that is an object's own name is looked at like another", () => {
    const given = JSON.parse('{"id":"a","__proto__":1}');
    expect(misplaced(PLACES, given)).toMatch(/__proto__ has no place/);
    const holes: HttpPlaces = { ...PLACES, path: [{ text: "/" }, { argument: "constructor" }] };
    expect(misplaced(holes, {})).toMatch(/constructor must be given/);
  });

  test("fits where it fits", () => {
    const given = {
      id: "a",
      q: ["x", 1, true],
      list: [],
      filter: { a: 1 },
      "x-tag": 'W/"x y"',
      theme: "a;b",
      body: { any: [null] },
    };
    expect(misplaced(PLACES, given)).toBeNull();
    expect(misplaced(PLACES, { id: "a", "x-tag": "" })).toBeNull();
    expect(argumentsOf(PLACES)).toEqual(Object.keys(given));
  });

  test("of any kind is refused or written as one request that a parser reads back", () => {
    const value = fc.oneof(fc.string({ unit: "binary" }), fc.jsonValue());
    fc.assert(
      fc.property(fc.record({ q: value, "x-tag": value, theme: value }), (given) => {
        const all = { id: "a", ...given };
        if (misplaced(PLACES, all) !== null) return;
        const { headers, target } = renderToolRequest(PLACES, all, FIXED);
        const { searchParams } = new URL(target, "http://h");
        const wanted = Array.isArray(given.q) ? given.q : [given.q];
        expect(searchParams.getAll("q")).toEqual(wanted.map(String));
        expect([...searchParams.keys()].every((name) => name === "q")).toBe(true);
        for (const [, text] of headers) expect(text).toMatch(/^[\x20-\x7e\t]*$/);
        expect(headers.filter(([name]) => name === "cookie")).toHaveLength(1);
        expect(headers.find(([name]) => name === "cookie")?.[1].split(";")).toHaveLength(1);
      }),
    );
  });
});
