/** Guardrails for gateways inside a test's own process: a folder that the test has in its hand. */
import type { Guardrails } from "../../src/compose/sourced.ts";
import type { Configuration } from "../../src/config/configuration.ts";

export function guardrailsOf(folder: () => Configuration): Guardrails {
  return {
    source: null,
    kept: async () => null,
    load: async () => ({
      kind: "ok",
      configuration: folder(),
      files: new Map(),
      warnings: [],
    }),
  };
}
