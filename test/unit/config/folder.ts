import type { Configuration, Issue } from "../../../src/config/configuration.ts";
import { readFiles } from "../../../src/config/read.ts";

/** A folder of texts, read as the gateway reads it. */
export function read(
  files: Record<string, string>,
  environment: Record<string, string> = {},
  today: string | null = null,
) {
  return readFiles(new Map(Object.entries(files)), { environment, today });
}

/** The configuration of a valid folder. */
export function valid(...given: Parameters<typeof read>): Configuration {
  const loaded = read(...given);
  if (loaded.kind === "invalid") throw new Error(JSON.stringify(loaded.issues, null, 1));
  return loaded.configuration;
}

/** The issues of an invalid folder. */
export function issuesOf(...given: Parameters<typeof read>): readonly Issue[] {
  const loaded = read(...given);
  if (loaded.kind === "ok") throw new Error("the folder is valid");
  return loaded.issues;
}

/** A folder in which only one line of slipclutch.yaml is of interest. */
export function withLine(line: string): Record<string, string> {
  return { "slipclutch.yaml": `version: 1\n${line}\n` };
}
