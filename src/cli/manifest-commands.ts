/** The commands of `manifest`: reviewing what agents may do, without a gateway. */
import type { Command } from "commander";
import type { DiffOptions } from "./manifest/diff.ts";
import type { LintOptions } from "./manifest/lint.ts";
import { type Do, example } from "./parts.ts";
import type { Shell } from "./shell.ts";

export function addManifest(program: Command, shell: Shell, work: Do): void {
  const manifest = program
    .command("manifest")
    .description("Review what agents may do: mistakes, changes, pins, verdicts.");
  addLint(manifest, shell, work);
  addDiff(manifest, shell, work);
}

function addLint(manifest: Command, shell: Shell, work: Do): void {
  const lint = manifest
    .command("lint [folder]")
    .description("Mistakes, and grants that are too broad. Exit code 1 if there are errors.")
    .option("--agent <id>", "only in this agent's manifest")
    .option("--online", "ask the tool servers what they offer")
    .option("--strict", "exit code 1 for warnings too")
    .option("--json", "for programs")
    .option("--sarif", "SARIF 2.1.0, for code hosts");
  example(lint, "slipclutch manifest lint ./guardrails --strict").action(
    (folder: string | undefined, options: LintOptions) =>
      work(async () => (await import("./manifest/lint.ts")).runLint(folder, options, shell)),
  );
}

function addDiff(manifest: Command, shell: Shell, work: Do): void {
  const diff = manifest
    .command("diff <range> [folder]")
    .description(
      "What got wider and what got narrower between two Git revisions, or two folders. A revision that is left out is the files as they are. Exit code 3 if anything got wider, or may have.",
    )
    .option("--json", "for programs");
  example(
    diff,
    "slipclutch manifest diff main..HEAD ./guardrails",
    "slipclutch manifest diff main.. ./guardrails",
    "slipclutch manifest diff ./guardrails-before ./guardrails",
  ).action((range: string, folder: string | undefined, options: DiffOptions) =>
    work(async () =>
      (await import("./manifest/diff.ts")).runDiff({ range, folder }, options, shell),
    ),
  );
}
