/** The commands of `manifest`: reviewing what agents may do, without a gateway. */
import { type Command, Option } from "commander";
import type { DiffOptions } from "./manifest/diff.ts";
import type { ExplainOptions } from "./manifest/explain.ts";
import type { LearnOptions } from "./manifest/learn.ts";
import type { LintOptions } from "./manifest/lint.ts";
import type { PinOptions } from "./manifest/pin.ts";
import { asking, type Do, example } from "./parts.ts";
import type { Shell } from "./shell.ts";

export function addManifest(program: Command, shell: Shell, work: Do): void {
  const manifest = program
    .command("manifest")
    .description("Review what agents may do: mistakes, changes, pins, verdicts.");
  addLint(manifest, shell, work);
  addDiff(manifest, shell, work);
  addPin(manifest, shell, work);
  addExplain(manifest, shell, work);
  addLearn(manifest, shell, work);
}

function addLearn(manifest: Command, shell: Shell, work: Do): void {
  const learn = asking(
    manifest,
    "learn",
    "From what an agent was seen to do while it was observed, the least manifest that would have allowed it, as a draft to review. Exit code 1 if the draft does not hold in the folder.",
  )
    .requiredOption("--agent <id>", "whose calls")
    .option("--since <time>", "how far back, like 12h or 7d, or an instant", "7d")
    .option("--out <file>", "write it there, as JSON or YAML by its name; else it is printed")
    .option("--force", "write over a file that is there")
    .option("--config <folder>", "guardrails folder; what its manifest says stays (guardrails)");
  example(learn, "slipclutch manifest learn --agent support --since 7d --out support.yaml").action(
    (options: LearnOptions) =>
      work(async () => (await import("./manifest/learn.ts")).runLearn(options, shell)),
  );
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

function addPin(manifest: Command, shell: Shell, work: Do): void {
  const pin = manifest
    .command("pin [folder]")
    .description("Ask the tool servers how they describe granted tools, and pin that.")
    .option("--agent <id>", "only in this agent's manifest")
    .option("--tool <name>", "only this tool")
    .addOption(
      new Option("--check", "say what changed since; exit code 1 if anything did").conflicts(
        "write",
      ),
    )
    .option("--write", "write the pins into the manifests, and what was pinned under pins/")
    .option("--json", "for programs");
  example(
    pin,
    "slipclutch manifest pin --agent support --write",
    "slipclutch manifest pin --check",
  ).action((folder: string | undefined, options: PinOptions) =>
    work(async () => (await import("./manifest/pin.ts")).runPin(folder, options, shell)),
  );
}

function addExplain(manifest: Command, shell: Shell, work: Do): void {
  const explain = manifest
    .command("explain [tool]")
    .description("What an agent may do, in words; with a tool, whether it may call it so.")
    .requiredOption("--agent <id>", "whose manifest")
    .option("--resource <uri>", "instead of a tool: whether it may read this resource")
    .option("--prompt <name>", "instead of a tool: whether it may get this prompt")
    .option("--args <json>", "arguments of the tool or prompt", undefined)
    .option("--config <folder>", "guardrails folder", "guardrails")
    .option("--json", "for programs");
  example(
    explain,
    "slipclutch manifest explain --agent support",
    `slipclutch manifest explain close_ticket --agent support --args '{"ticket":4711}'`,
    "slipclutch manifest explain --agent support --resource file:///data/a.txt",
  ).action((tool: string | undefined, options: ExplainOptions) =>
    work(async () => (await import("./manifest/explain.ts")).runExplain(tool, options, shell)),
  );
}
