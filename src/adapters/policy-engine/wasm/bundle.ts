/** What `opa build -t wasm` writes: an archive with a module and its data, or the module alone. */
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { JsonError, parseJson, RegoObject, type Value } from "../../../rego/index.ts";
import type { WasmModule } from "./library.ts";
import { brokenBundle } from "./problems.ts";
import { tarFiles } from "./tar.ts";

/** The platform's own, which Node's types leave to those of browsers. */
declare const WebAssembly: {
  compile(bytes: Uint8Array): Promise<WasmModule>;
  readonly Module: { exports(module: WasmModule): readonly { readonly name: string }[] };
};

/** By which OPA marks what it compiles; the package only prints a line where it is missing. */
const ABI = "opa_wasm_abi_version";

export interface WasmBundle {
  readonly module: WasmModule;
  /** Large modules need more memory to begin with. */
  readonly moduleBytes: number;
  readonly data: RegoObject;
}

/** Unpacked: a small archive may hold any number of zeros. */
const BUNDLE_BYTES_MAX = 64 * 1024 * 1024;

const GZIP = [0x1f, 0x8b];
const WASM = [0x00, 0x61, 0x73, 0x6d];

/** Throws `PolicyProblems`. */
export async function wasmBundle(bytes: Uint8Array): Promise<WasmBundle> {
  const isBare = beginsWith(bytes, WASM);
  if (!isBare && !beginsWith(bytes, GZIP)) {
    throw brokenBundle("it is neither a bundle (.tar.gz) nor a WebAssembly module");
  }
  const files = isBare ? new Map([["policy.wasm", bytes]]) : await unpacked(bytes);
  const wasm = moduleIn(files);
  const data = documents(textOf(files, "data.json"), "the bundle's data.json");
  return { module: await compiled(wasm), moduleBytes: wasm.length, data };
}

function beginsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, at) => bytes[at] === byte);
}

async function unpacked(bytes: Uint8Array): Promise<ReadonlyMap<string, Uint8Array>> {
  try {
    return tarFiles(await promisify(gunzip)(bytes, { maxOutputLength: BUNDLE_BYTES_MAX }));
  } catch (error) {
    throw brokenBundle(`the bundle cannot be unpacked: ${messageOf(error)}`);
  }
}

function moduleIn(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const names = [...files.keys()].filter((name) => name.endsWith(".wasm"));
  const [name = ""] = names;
  const wasm = files.get(name);
  if (wasm === undefined) throw brokenBundle("the bundle has no policy.wasm");
  if (names.length > 1) throw brokenBundle(`the bundle has several modules: ${names.join(", ")}`);
  return wasm;
}

async function compiled(wasm: Uint8Array): Promise<WasmModule> {
  const module = await WebAssembly.compile(wasm).catch((error: unknown) => {
    throw brokenBundle(`its module cannot be compiled: ${messageOf(error)}`);
  });
  if (WebAssembly.Module.exports(module).some(({ name }) => name === ABI)) return module;
  throw brokenBundle("its module is no policy");
}

function textOf(files: ReadonlyMap<string, Uint8Array>, name: string): string {
  const bytes = files.get(name);
  return bytes === undefined ? "{}" : new TextDecoder().decode(bytes);
}

/** With every digit. */
export function documents(text: string, what: string): RegoObject {
  let why = "no JSON object";
  try {
    const value = parseJson(text);
    if (value instanceof RegoObject) return value;
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    why = error.message;
  }
  throw brokenBundle(`${what} cannot be read: ${why}`);
}

/** Throws where both have something at one path, as OPA refuses two files that do. */
export function merged(one: RegoObject, other: RegoObject, path = "data"): RegoObject {
  let both = one;
  for (const [key, value] of other.entries()) {
    const name = `${path}.${String(key)}`;
    both = both.with(key, mergedValue(one.get(key), value, name));
  }
  return both;
}

function mergedValue(one: Value | undefined, other: Value, name: string): Value {
  if (one === undefined) return other;
  if (one instanceof RegoObject && other instanceof RegoObject) return merged(one, other, name);
  throw brokenBundle(`${name} is in the bundle and in the data files`);
}

export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  // The library throws texts, and objects with one.
  if (typeof error !== "object" || error === null || !("message" in error)) return String(error);
  return String(error.message);
}
