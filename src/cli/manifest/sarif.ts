/** Findings as SARIF 2.1.0, which code hosts show beside the lines of a change. */
import { type Finding, LINT_RULES, type RuleId } from "../../config/review/lint-rules.ts";

const SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json";

export interface SarifPlace {
  readonly version: string;
  /** Of the folder, from where the command runs: what a code host knows a file by. */
  readonly folder: string;
}

export function sarifOf(findings: readonly Finding[], { folder, version }: SarifPlace): unknown {
  const ids = Object.keys(LINT_RULES);
  return {
    $schema: SCHEMA,
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "slipclutch",
            version,
            rules: Object.entries(LINT_RULES).map(([id, { finds, level, why }]) => ({
              id,
              shortDescription: { text: finds },
              fullDescription: { text: why },
              help: { text: `${why} See ${anchorOf(id)}.` },
              defaultConfiguration: { level },
            })),
          },
        },
        results: findings.map(({ file, hint, level, line, rule, says }) => ({
          ruleId: rule,
          ruleIndex: ids.indexOf(rule),
          level,
          message: { text: `${says}. ${hint}` },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: uriOf(folder, file) },
                // A file that is missing has no lines.
                ...(line === null ? {} : { region: { startLine: line } }),
              },
            },
          ],
        })),
      },
    ],
  };
}

/** Where the documentation says more. */
export function anchorOf(rule: RuleId | string): string {
  return `docs/manifest.md#${rule.replaceAll(".", "")}`;
}

function uriOf(folder: string, file: string): string {
  const path = `${folder.replace(/^\.\//, "").replace(/\/+$/, "")}/${file}`.replace(/^\.\//, "");
  const encoded = path.split("/").map(encodeURIComponent).join("/");
  return path.startsWith("/") ? `file://${encoded}` : encoded;
}
