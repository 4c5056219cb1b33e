/**
 * `@open-policy-agent/opa-wasm`, which runs what `opa build -t wasm` makes. It is optional: only
 * who chooses this engine needs it.
 */
import { createRequire } from "node:module";
import { wasmProblem } from "./problems.ts";

/** What is used of the package. */
export interface WasmLibrary {
  loadPolicySync(module: WasmModule, memory: MemorySize): WasmInstance;
}

/** A compiled module, which only the platform looks into; Node's types do not have it. */
export type WasmModule = object;

interface MemorySize {
  readonly initial: number;
  readonly maximum: number;
}

export interface WasmInstance {
  readonly mem: { readonly buffer: ArrayBuffer };
  /** Of them, functions from addresses to addresses are used. */
  readonly wasmInstance: { readonly exports: Readonly<Record<string, (at?: number) => number>> };
  readonly entrypoints: Readonly<Record<string, number>>;
  /** JSON as bytes, or it would be written by `JSON.stringify`. */
  setData(json: ArrayBuffer): void;
  evaluate(json: ArrayBuffer, entrypoint: string): unknown;
}

const PACKAGE = "@open-policy-agent/opa-wasm";

/**
 * The built-ins that version 1.10 of the package brings; the others are in the module itself, or
 * nowhere, of which the package says nothing until one is called.
 */
export const LIBRARY_BUILTINS: ReadonlySet<string> = new Set([
  "json.is_valid",
  "regex.split",
  "sprintf",
  "yaml.is_valid",
  "yaml.marshal",
  "yaml.unmarshal",
]);

/** How a module is found: `require`, as of this file. */
export type Find = (name: string) => unknown;

/** Throws `PolicyProblems` where the package is not installed. */
export function wasmLibrary(find: Find = createRequire(import.meta.url)): WasmLibrary {
  try {
    // What this package exports, by its own types.
    return find(PACKAGE) as WasmLibrary;
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "MODULE_NOT_FOUND")) {
      throw error;
    }
    throw wasmProblem({
      code: "wasm_package_missing",
      message: `the policy engine wasm needs the package ${PACKAGE}, which is not installed`,
      hint: `Install it where slipclutch is installed: npm install ${PACKAGE}@1`,
    });
  }
}
