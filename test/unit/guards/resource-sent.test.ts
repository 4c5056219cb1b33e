/** Resources that agents send where they ask a policy themselves: held to what ours are. */
import { describe, expect, test } from "vitest";
import { resourceSent } from "../../../src/guards/tool/resource.ts";

describe("a resource that is sent", () => {
  test("has its attributes as they are", () => {
    const sent = { type: "ticket", name: "Public.A", n: 1.5, open: false };
    const { type, ...attributes } = sent;
    expect(resourceSent(sent)).toEqual({ type, attributes });
    expect(resourceSent({ type: "t" })).toEqual({ type: "t", attributes: {} });
  });

  test.each([
    ["orders", "orders"],
    ["PUBLIC.Customer_PII_Cards", "customer_pii_cards"],
    ['"Public"."Customer_PII_Cards"', "customer_pii_cards"],
    ["db.public.ORDERS", "orders"],
    ['"a""b"', 'a"b'],
  ])("of a database has names folded: %s", (written, folded) => {
    const attributes = { name: folded, table_name: folded, note: written };
    const sent = { type: "database", name: written, table_name: written, note: written };
    expect(resourceSent(sent)).toEqual({ type: "database", attributes });
  });

  test.each([
    [null, "/input/resource"],
    ["orders", "/input/resource"],
    [["orders"], "/input/resource"],
    [7, "/input/resource"],
    [{}, "/input/resource/type"],
    [{ type: "" }, "/input/resource/type"],
    [{ type: 1 }, "/input/resource/type"],
    [{ type: ["database"] }, "/input/resource/type"],
    [{ type: "x".repeat(1_025) }, "/input/resource/type"],
    [{ type: "t", a: "" }, "/input/resource/a"],
    [{ type: "t", a: null }, "/input/resource/a"],
    [{ type: "t", a: ["x"] }, "/input/resource/a"],
    [{ type: "t", a: { b: 1 } }, "/input/resource/a"],
    [{ type: "t", a: Number.POSITIVE_INFINITY }, "/input/resource/a"],
    [{ type: "t", a: "x".repeat(1_025) }, "/input/resource/a"],
    [{ type: "database", table_name: 7 }, "/input/resource/table_name"],
    [{ type: "database", table_name: true }, "/input/resource/table_name"],
    [{ type: "database", table_name: "a b" }, "/input/resource/table_name"],
    [{ type: "database", table_name: "a.b.c.d" }, "/input/resource/table_name"],
    [{ type: "database", table_name: "orders--" }, "/input/resource/table_name"],
    [JSON.parse('{"type":"t","__proto__":{"a":1}}'), "/input/resource/__proto__"],
  ])("that no rule could be held against is none: %j", (sent, at) => {
    expect(resourceSent(sent)).toMatchObject({ at, because: expect.any(String) });
  });

  test("whose field is called like a part of objects is one like any other", () => {
    const found = resourceSent(JSON.parse('{"type":"t","__proto__":"x","constructor":"y"}'));
    expect("attributes" in found && Object.entries(found.attributes)).toEqual([
      ["__proto__", "x"],
      ["constructor", "y"],
    ]);
  });

  test("with a field of any length is told in short", () => {
    const found = resourceSent({ type: "t", ["n".repeat(10_000)]: null });
    expect("at" in found && found.at.length).toBeLessThan(300);
  });
});
