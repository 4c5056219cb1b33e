/** The commands of `policy`: writing policies, without a gateway. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { type Do, example } from "./parts.ts";
import type { CheckOptions } from "./policy/check.ts";
import type { EvalOptions } from "./policy/eval.ts";
import type { TestOptions } from "./policy/test.ts";
import type { Shell } from "./shell.ts";

export function addPolicy(program: Command, shell: Shell, work: Do): void {
  const policy = program
    .command("policy")
    .description("Write policies: what is wrong with them, their tests, what they answer.");
  addCheck(policy, shell, work);
  addTest(policy, shell, work);
  addEval(policy, shell, work);
}

function addCheck(policy: Command, shell: Shell, work: Do): void {
  const check = policy
    .command("check [folder]")
    .description(
      "Everything that is wrong with the policies of a folder, or of the guardrails folder that it is. Exit code 1 if there are errors.",
    )
    .option("--strict", "unused imports are errors, and exit code 1 for warnings too")
    .option("--json", "for programs");
  example(check, "slipclutch policy check ./guardrails", "slipclutch policy check --strict").action(
    (folder: string | undefined, options: CheckOptions) =>
      work(async () => (await import("./policy/check.ts")).runCheck(folder, options, shell)),
  );
}

function addTest(policy: Command, shell: Shell, work: Do): void {
  const test = policy
    .command("test [folder]")
    .description(
      "Run the tests beside the policies: rules whose names begin with test_, tables, and the exported incidents of the guardrails folder. Exit code 1 if one fails, or there is none.",
    )
    .option("--run <pattern>", "only tests whose FILE: NAME matches")
    .option("--incidents <folder>", "where exported incidents are (incidents/ of the folder)")
    .option("--coverage", "say which lines of the policies no test reached")
    .option("--threshold <percent>", "exit code 1 if fewer of the lines are reached", percent)
    .option("--lenient", "an error of a built-in function is undefined, as in OPA")
    .option("--verbose", "name the tests that passed, too")
    .option("--json", "for programs");
  example(
    test,
    "slipclutch policy test ./guardrails --threshold 80",
    "slipclutch policy test --run 'authz_test.*pii' --verbose",
  ).action((folder: string | undefined, options: TestOptions) =>
    work(async () => (await import("./policy/test.ts")).runTests(folder, options, shell)),
  );
}

function addEval(policy: Command, shell: Shell, work: Do): void {
  const evaluate = policy
    .command("eval [folder]")
    .description(
      "What a query answers: the value of a reference, or all solutions. Exit code 2 if it ends with an error.",
    )
    .requiredOption("--query <query>", "like data.agent.authz.allow")
    .option("--input <file>", "the input as JSON; - is what is piped in")
    .option("--data <file>", "one document more, as JSON or YAML")
    .addOption(
      new Option("--strict", "an error of a built-in function is an error (the default)").conflicts(
        "lenient",
      ),
    )
    .option("--lenient", "an error of a built-in function is undefined, as in OPA")
    .option("--json", "one line: result, undefined or error");
  example(
    evaluate,
    "slipclutch policy eval --query data.agent.authz.allow --input call.json ./guardrails",
    `echo '{"agent_id":"x"}' | slipclutch policy eval --query 'data.agent.authz' --input -`,
  ).action((folder: string | undefined, options: EvalOptions) =>
    work(async () => (await import("./policy/eval.ts")).runEval(folder, options, shell)),
  );
}

function percent(text: string): number {
  const value = /^\d{1,3}(\.\d)?$/.test(text) ? Number(text) : Number.NaN;
  if (value <= 100) return value;
  throw new InvalidArgumentError("A share is a number from 0 to 100.");
}
