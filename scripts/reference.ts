/**
 * Makes docs/reference/*.md from the code: schemas, tables, routes and commands as they are.
 * `node scripts/reference.ts` writes them; a test fails when one is stale.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { apiPage, openApiText } from "./reference/api.ts";
import { cliPage } from "./reference/cli.ts";
import { configurationPage } from "./reference/configuration.ts";
import { eventsPage } from "./reference/events.ts";
import { metricsPage } from "./reference/metrics.ts";
import { knownFields, policyInputPage } from "./reference/policy-input.ts";
import { refusalsPage } from "./reference/refusals.ts";

const NOTE = "<!-- Made by scripts/reference.ts from the code: change that, and run it again. -->";

/** File names with their texts. */
export async function generateReference(): Promise<Map<string, string>> {
  const pages: readonly (readonly [string, string])[] = [
    ["configuration.md", configurationPage()],
    ["refusals.md", refusalsPage()],
    ["metrics.md", metricsPage()],
    ["events.md", eventsPage()],
    ["cli.md", await cliPage()],
    ["api.md", apiPage()],
    ["policy-input.md", policyInputPage()],
  ];
  const texts = pages.map(([file, text]) => [file, `${NOTE}\n\n${text.trim()}\n`] as const);
  return new Map([...texts, ["openapi.json", openApiText()]]);
}

/** What the command line knows of the input of policies. */
export const KNOWN_FIELDS = "src/config/policy-input.generated.json";

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = fileURLToPath(new URL("../docs/reference/", import.meta.url));
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of await generateReference()) writeFileSync(folder + file, text);
  writeFileSync(fileURLToPath(new URL(`../${KNOWN_FIELDS}`, import.meta.url)), knownFields());
}
