import { PolicyProblems } from "../../../ports/policy-engine.ts";

export type WasmCode =
  | "wasm_package_missing"
  /** What was given is no bundle or module that can be run. */
  | "wasm_bundle_error"
  /** The bundle or the binding asks for what this engine cannot do. */
  | "wasm_unsupported_error";

export interface WasmProblem {
  readonly code: WasmCode;
  readonly message: string;
  readonly hint: string | null;
}

/** A bundle is compiled: there are no places in it. */
export function wasmProblem(...problems: readonly WasmProblem[]): PolicyProblems {
  return new PolicyProblems(
    problems.map((problem) => ({ ...problem, file: null, row: null, col: null })),
  );
}

export function brokenBundle(message: string): PolicyProblems {
  const hint = "Make it with: opa build -t wasm -e PATH/OF/THE/RULE -o bundle.tar.gz FOLDER";
  return wasmProblem({ code: "wasm_bundle_error", message, hint });
}
