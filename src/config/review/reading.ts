/** A guardrails folder as a reviewer needs it: in force, and as it was written. */
import { agentOfFile } from "../agents.ts";
import type { Configuration, Files, Issue } from "../configuration.ts";
import type { Environment } from "../environment.ts";
import { readFileText } from "../file.ts";
import { manifestSchema, type RawManifest } from "../manifest-schema.ts";
import { isRuleOrData } from "../policies.ts";
import { type PolicyEngines, withPolicies } from "../policy-rules.ts";
import { POLICY_ROOT } from "../policy-settings.ts";
import { pricesSchema } from "../prices-schema.ts";
import { readFiles } from "../read.ts";
import { type RawSlipclutch, slipclutchSchema } from "../schema.ts";
import type { Source } from "../source.ts";
import type { SqlReader } from "../sql-parser.ts";
import { withStandIns } from "./stand-ins.ts";

/** One file: with its lines, and by its schema. */
export interface Written<Data> {
  readonly source: Source;
  readonly data: Data;
}

export interface Reading {
  readonly configuration: Configuration;
  readonly main: Written<RawSlipclutch>;
  readonly prices: Written<unknown>;
  /** By agent. */
  readonly manifests: ReadonlyMap<string, Written<RawManifest>>;
  /** What policies are made of, tests left out. */
  readonly policyFiles: Files;
  readonly warnings: readonly Issue[];
}

export type ReadForReview =
  | { readonly kind: "ok"; readonly reading: Reading }
  | { readonly kind: "invalid"; readonly issues: readonly Issue[] };

/** A folder that grants nothing: what another one is new against. */
export const NO_FILES: Files = new Map([["slipclutch.yaml", "version: 1\n"]]);

/** Secrets need not be there: where one is not set, another value stands in for it. */
export function readForReview(
  files: Files,
  given: Environment,
  sql: SqlReader = null,
): ReadForReview {
  return readWithSecrets(files, withStandIns(files, given), sql);
}

/** For whoever goes to the servers of the folder: what is not set is an error. */
export function readWithSecrets(
  files: Files,
  environment: Environment,
  sql: SqlReader = null,
): ReadForReview {
  const loaded = readFiles(files, { environment, today: null, sql });
  if (loaded.kind === "invalid") return loaded;
  const one = <Data>(file: string, data: Data | null, source: Source): Written<Data> => {
    if (data === null) throw new Error(`${file} was valid and is not any more`);
    return { data, source };
  };
  const main = readFileText(fileOf(files, "slipclutch.yaml"), slipclutchSchema, environment);
  const prices = readFileText(fileOf(files, "prices.yaml"), pricesSchema, environment);
  const manifests = [...files.keys()]
    .filter((file) => file.startsWith("agents/"))
    .map((file) => readFileText(fileOf(files, file), manifestSchema, environment))
    .map(({ data, source }) => [agentOfFile(source.file), one(source.file, data, source)] as const);
  return {
    kind: "ok",
    reading: {
      configuration: loaded.configuration,
      main: one("slipclutch.yaml", main.data, main.source),
      prices: one("prices.yaml", prices.data, prices.source),
      manifests: new Map(manifests),
      policyFiles: new Map([...files].filter(([file]) => isDeciding(file))),
      warnings: loaded.warnings,
    },
  };
}

/** The same with its policies loaded, as a gateway would: what is wrong with them is told too. */
export async function withPoliciesLoaded(
  read: ReadForReview,
  engines: PolicyEngines,
): Promise<ReadForReview> {
  if (read.kind === "invalid") return read;
  const { configuration, warnings } = read.reading;
  const files = read.reading.policyFiles;
  const loaded = await withPolicies({ kind: "ok", configuration, files, warnings }, engines);
  if (loaded.kind === "invalid") return loaded;
  const { configuration: bound, warnings: all } = loaded;
  return { kind: "ok", reading: { ...read.reading, configuration: bound, warnings: all } };
}

function isDeciding(file: string): boolean {
  return file.startsWith(`${POLICY_ROOT}/`) && isRuleOrData(file);
}

function fileOf(files: Files, file: string): { readonly file: string; readonly text: string } {
  return { file, text: files.get(file) || "{}" };
}
