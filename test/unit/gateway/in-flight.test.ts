/** The calls in flight, as a map of them would have it. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { type InFlight, InFlights } from "../../../src/gateway/in-flight.ts";

function flying(name: string): InFlight {
  const one: Pick<InFlight, "journalled"> & { name: string } = { journalled: false, name };
  return one as unknown as InFlight; // only its identity is looked at
}

const names = fc.constantFrom("a", "b", "c", "d", "e");
const step = fc.record({ name: names, adds: fc.boolean() });

test("it holds what a map would hold, whatever is added and taken out", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const expected = new Map<string, InFlight>();
      const flights = new InFlights();
      for (const { adds, name } of steps) {
        if (!adds) {
          expected.delete(name);
          flights.delete(name);
        } else if (!expected.has(name)) {
          const one = flying(name);
          expected.set(name, one);
          flights.add(name, one);
        }
        expect(flights.size).toBe(expected.size);
        expect(new Set(flights.values())).toEqual(new Set(expected.values()));
        for (const each of ["a", "b", "c", "d", "e"]) {
          expect(flights.get(each)).toBe(expected.get(each));
        }
      }
    }),
  );
});
