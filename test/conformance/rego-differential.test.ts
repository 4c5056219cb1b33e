/**
 * Generated modules put to this engine and to a real `opa`: whether they load, and every answer,
 * lenient and strict. REGO_DIFFERENTIAL_CASES and REGO_DIFFERENTIAL_SEED choose a longer run.
 */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OpaServer } from "../support/opa-server.ts";
import { part } from "../support/parts.ts";
import { type Comparison, compare, isKnown } from "../support/rego-differential.ts";
import { type RegoCase, regoCase } from "../support/rego-grammar.ts";

const SEED = Number(process.env.REGO_DIFFERENTIAL_SEED ?? 8);
const CASES = Number(process.env.REGO_DIFFERENTIAL_CASES ?? 4_000);
const BATCH = 100;
const MS_PER_CASE = 100;

const opa = part("opa");

describe.skipIf(!opa.available)("generated modules mean here what they mean to opa", () => {
  const servers = new Map<RegoCase["dialect"], OpaServer>();

  beforeAll(async () => {
    for (const dialect of ["v0", "v1"] as const) {
      servers.set(dialect, await OpaServer.start(dialect));
    }
  });

  afterAll(async () => {
    for (const server of servers.values()) await server.stop();
  });

  async function compareOne(one: RegoCase): Promise<Comparison> {
    const server = servers.get(one.dialect);
    if (server === undefined) throw new Error(`no opa for ${one.dialect}`);
    return compare(one, server);
  }

  it(
    `in ${CASES} cases of seed ${SEED}`,
    async () => {
      const total = { loads: 0, values: 0, knownCases: 0 };
      const different: string[] = [];
      for (let done = 0; done < CASES; done += BATCH) {
        const count = Math.min(BATCH, CASES - done);
        for (const one of fc.sample(regoCase(), { seed: SEED + done, numRuns: count })) {
          const { loads, values, differences } = await compareOne(one);
          const unknown = differences.filter((each) => !isKnown(each));
          total.loads += loads ? 1 : 0;
          total.values += values;
          total.knownCases += differences.length > unknown.length ? 1 : 0;
          if (unknown.length > 0) different.push(shown(one, unknown));
        }
      }
      expect(different).toEqual([]);
      // A run that compares next to nothing shows next to nothing.
      expect(total.loads).toBeGreaterThan(0.25 * CASES);
      expect(total.values).toBeGreaterThan(2 * total.loads);
      expect(total.knownCases).toBeLessThan(0.05 * CASES);
    },
    CASES * MS_PER_CASE,
  );
});

function shown({ dialect, module, input, base }: RegoCase, differences: unknown): string {
  const given = `# ${dialect}\n# input: ${input}\n# data.base: ${base}`;
  return `${module}\n${given}\n${JSON.stringify(differences, null, 2)}`;
}
