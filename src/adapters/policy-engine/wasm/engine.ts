/**
 * Policies that `opa build -t wasm` compiled. The package that runs them has limits of its own,
 * which are found at load as far as they can be: it lacks built-ins, and has no strict mode.
 *
 * It evaluates without a pause and cannot be interrupted. What bounds a question is its memory: an
 * answer that comes too late is refused, but only once it has come, and a loop that makes nothing
 * holds the process up for as long as it takes. Who does not trust a bundle's loops takes another
 * engine.
 */
import type { Clock } from "../../../ports/clock.ts";
import type {
  Policies,
  PolicyAnswer,
  PolicyDocument,
  PolicyEngine,
  PolicyQuery,
  PolicySources,
  Question,
} from "../../../ports/policy-engine.ts";
import { jsonText, type RegoObject } from "../../../rego/index.ts";
import { failed, inputText, valueAnswer } from "../answers/answers.ts";
import { documents, merged, messageOf, type WasmBundle, wasmBundle } from "./bundle.ts";
import { LIBRARY_BUILTINS, type WasmInstance, type WasmLibrary, wasmLibrary } from "./library.ts";
import { brokenBundle, type WasmProblem, wasmProblem } from "./problems.ts";

const PAGE_BYTES = 64 * 1024;
/** 64 MiB, for the module, the data, the input and everything that an evaluation makes. */
const PAGES_MAX = 1_024;
/** Beside the module's own bytes, which it finds in its memory. */
const PAGES_BESIDE_MODULE = 5;

export function wasmEngine(clock: Clock, library: () => WasmLibrary = wasmLibrary): PolicyEngine {
  return {
    kind: "wasm",
    async load(sources, queries) {
      const { loadPolicySync } = library();
      const { bundle, data } = await readSources(sources);
      const memory = { initial: firstPages(bundle), maximum: PAGES_MAX };
      const open = (): WasmInstance => {
        const instance = loadPolicySync(bundle.module, memory);
        instance.setData(bytesOf(jsonText(data)));
        return instance;
      };
      // Looking into an instance leaves something in its memory: this one is not asked.
      const looked = started(() => loadPolicySync(bundle.module, memory));
      const needed = started(() => builtinsOf(looked));
      const problems = [...unsupported(needed), ...unanswerable(looked, queries)];
      if (problems.length > 0) throw wasmProblem(...problems);
      const known = { revision: sources.revision, notes: notesOf(needed) };
      return new WasmPolicies(known, { clock, first: started(open), open });
    },
  };
}

async function readSources({ data, wasm }: PolicySources): Promise<{
  readonly bundle: WasmBundle;
  readonly data: RegoObject;
}> {
  if (wasm === undefined) throw brokenBundle("there is no bundle to load");
  const bundle = await wasmBundle(wasm);
  return { bundle, data: merged(bundle.data, documents(data, "the data files")) };
}

function firstPages({ moduleBytes }: WasmBundle): number {
  return Math.min(Math.ceil(moduleBytes / PAGE_BYTES) + PAGES_BESIDE_MODULE, PAGES_MAX);
}

/** Whatever a module does that OPA did not make is the bundle's fault. */
function started<T>(start: () => T): T {
  try {
    return start();
  } catch (error) {
    throw brokenBundle(`the bundle cannot be started: ${messageOf(error)}`);
  }
}

/** What the module asks its host for, which the package reads and keeps to itself. */
function builtinsOf({ mem, wasmInstance: { exports } }: WasmInstance): readonly string[] {
  const { builtins, opa_json_dump } = exports;
  if (builtins === undefined || opa_json_dump === undefined) {
    throw new TypeError("its module does not tell which built-ins it needs");
  }
  const at = opa_json_dump(builtins());
  const bytes = new Uint8Array(mem.buffer, at);
  const text = new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
  return Object.keys(JSON.parse(text)).sort();
}

function unsupported(needed: readonly string[]): readonly WasmProblem[] {
  return needed
    .filter((name) => !LIBRARY_BUILTINS.has(name))
    .map((name) => ({
      code: "wasm_unsupported_error",
      message: `the bundle calls ${name}, which the policy engine wasm does not have`,
      hint: "Do without it, or use the policy engine embedded or opa.",
    }));
}

function unanswerable(
  { entrypoints }: WasmInstance,
  queries: readonly PolicyQuery[],
): readonly WasmProblem[] {
  const code = "wasm_unsupported_error";
  return queries.flatMap(({ lenient, path }): readonly WasmProblem[] => {
    const name = ["data", ...path].join(".");
    if (!Object.hasOwn(entrypoints, path.join("/"))) {
      const known = Object.keys(entrypoints).sort().join(", ");
      const message = `the bundle has no entrypoint for ${name}; it has ${known}`;
      return [{ code, message, hint: `Build it with: -e ${path.join("/")}` }];
    }
    if (lenient) return [];
    const message = `${name}: the policy engine wasm cannot stop at an error of a built-in`;
    const hint = "Its binding must say lenient_errors: true, or use the engine embedded or opa.";
    return [{ code, message, hint }];
  });
}

/** They are written in JavaScript and differ from OPA's: in Go's verbs, RE2's syntax and YAML. */
function notesOf(needed: readonly string[]): readonly string[] {
  return needed.map((name) => `${name} is the package's own here and may differ from OPA's.`);
}

function bytesOf(text: string): ArrayBuffer {
  const bytes = new TextEncoder().encode(text);
  const own = new ArrayBuffer(bytes.length);
  new Uint8Array(own).set(bytes);
  return own;
}

interface Running {
  readonly clock: Clock;
  readonly first: WasmInstance;
  readonly open: () => WasmInstance;
}

class WasmPolicies implements Policies {
  readonly revision: string;
  readonly notes: readonly string[];
  readonly #clock: Clock;
  readonly #open: () => WasmInstance;
  /** Null: the last one failed. It would keep the stack of that, and after some 500 be broken. */
  #instance: WasmInstance | null;
  #isClosed = false;

  constructor({ notes, revision }: Pick<Policies, "revision" | "notes">, running: Running) {
    this.revision = revision;
    this.notes = notes;
    this.#clock = running.clock;
    this.#open = running.open;
    this.#instance = running.first;
  }

  async ask(
    { lenient, path }: PolicyQuery,
    input: PolicyDocument,
    { timeoutMs }: Question,
  ): Promise<PolicyAnswer> {
    if (this.#isClosed) return failed("unreachable", "these policies were let go");
    if (!lenient) return failed("error", "the policy engine wasm has no strict errors");
    const startedAt = this.#clock.monotonic();
    try {
      this.#instance ??= this.#open();
      const results = this.#instance.evaluate(bytesOf(inputText(input)), path.join("/"));
      const tookMs = this.#clock.monotonic() - startedAt;
      if (tookMs <= timeoutMs) return answerOf(results);
      return failed("limit", `it took ${Math.ceil(tookMs)} ms, and had ${timeoutMs} ms`);
    } catch (error) {
      this.#instance = null;
      return failed(isLimit(error) ? "limit" : "error", messageOf(error));
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#instance = null;
  }
}

/** A set of results, as OPA's ABI has it: none, or one with the document. */
function answerOf(results: unknown): PolicyAnswer {
  if (!Array.isArray(results) || results.length > 1) return failed("error", "no set of results");
  const [first] = results;
  return first === undefined ? { kind: "undefined" } : valueAnswer(first.result);
}

/** No memory left for the module, for the input, or for the stack. */
function isLimit(error: unknown): boolean {
  return error instanceof RangeError || String(error).startsWith("opa_malloc:");
}
