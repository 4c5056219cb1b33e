/** `slipclutch start`: runs a gateway until it is told to stop. */
import { resolve } from "node:path";
import { DATA_FOLDER } from "./connect.ts";
import type { GitFlags } from "./git-options.ts";
import { type Paint, paintFor } from "./paint.ts";
import { CommandError, EXIT, type Shell } from "./shell.ts";

export interface StartOptions extends GitFlags {
  readonly config?: string;
  readonly data?: string;
  readonly store?: string;
  readonly agentPort?: number;
  readonly controlPort?: number;
  readonly json?: boolean;
}

/** What the announcement says of a gateway that runs. */
export interface Ready {
  readonly agentUrl: string;
  readonly controlUrl: string;
  readonly operatorToken: string;
  /** Made at this start, and shown this once; null when there were keys before. */
  readonly agentKey: string | null;
  readonly simulated: boolean;
  readonly agents: readonly string[];
}

export async function runStart(options: StartOptions, shell: Shell): Promise<number> {
  const { startGateway } = await import("../compose.ts");
  const { openLog } = await import("../compose/process.ts");
  const { gitOptionsOf } = await import("./git-options.ts");
  const stop = new Stop();
  for (const signal of ["SIGTERM", "SIGINT"] as const) shell.onSignal(signal, () => stop.ask());

  const log = openLog({
    write: (line) => shell.err.write(line),
    level: "info",
    form: shell.err.isTerminal ? "pretty" : "json",
  });
  const dataFolder = resolve(shell.folder, options.data ?? DATA_FOLDER);
  const running = await startGateway({
    configFolder: options.config === undefined ? null : resolve(shell.folder, options.config),
    git: gitOptionsOf(options, shell),
    dataFolder,
    storeUrl: options.store ?? null,
    agentPort: options.agentPort ?? null,
    controlPort: options.controlPort ?? null,
    environment: shell.environment,
    log,
    version: shell.version,
  }).catch(async (error: unknown) => {
    throw await explained(error);
  });
  shell.onSignal("SIGHUP", () => {
    running.reload("SIGHUP").catch((error: unknown) => log.error("the reload failed", { error }));
  });

  shell.out.write(
    options.json
      ? `${announcement(running)}\n`
      : welcome(running, dataFolder, paintFor(shell, shell.out)),
  );
  await stop.asked;
  await running.stop();
  return EXIT.ok;
}

/** A promise that a signal keeps; one that came before anybody waited is not lost. */
class Stop {
  readonly asked: Promise<void>;
  #keep: () => void = () => undefined;

  constructor() {
    this.asked = new Promise((keep) => {
      this.#keep = keep;
    });
  }

  ask(): void {
    this.#keep();
  }
}

/** The line for programs, written once both listeners accept. */
export function announcement(ready: Ready): string {
  return JSON.stringify({
    event: "ready",
    agent_url: ready.agentUrl,
    control_url: ready.controlUrl,
    operator_token: ready.operatorToken,
    agent_key: ready.agentKey,
  });
}

const SIMULATED_MODEL = "simulated-small";

/** Where things are, for people: what to set, which key, one request to try. */
export function welcome(ready: Ready, dataFolder: string, paint: Paint): string {
  const { agentUrl, controlUrl, agentKey, simulated, agents } = ready;
  const model = simulated ? SIMULATED_MODEL : "MODEL";
  const body = `{"model":"${model}","messages":[{"role":"user","content":"Hello"}]}`;
  const lines = [
    `${paint("green", "Slipclutch is ready.")} Agents call it here:`,
    "",
    `  OPENAI_BASE_URL=${paint("bold", `${agentUrl}/v1`)}`,
    `  ANTHROPIC_BASE_URL=${paint("bold", agentUrl)}`,
  ];
  if (agentKey !== null) {
    const named = agents.length === 1 ? ` of ${agents[0]}` : "";
    lines.push("", `A key${named}, shown this once:`, "", `  ${paint("bold", agentKey)}`);
  } else {
    const agent = agents[0] ?? "ID";
    lines.push("", "Make a key for an agent:", "");
    lines.push(`  slipclutch keys create --agent ${agent} --data ${dataFolder}`);
  }
  lines.push(
    "",
    simulated ? "A request to try:" : "A request to try (put a model of yours for MODEL):",
    "",
    `  curl ${agentUrl}/v1/chat/completions -H 'content-type: application/json' \\`,
    `    -H 'authorization: Bearer ${agentKey ?? "KEY"}' \\`,
    `    -d '${body}'`,
    "",
    `Dashboard: ${controlUrl}`,
    `Sign in with the token in ${dataFolder}/control.json`,
  );
  if (simulated) {
    const note = "The provider is simulated: answers are made up here and cost nothing.";
    lines.push(paint("yellow", note));
  }
  return `${lines.join("\n")}\n`;
}

/** Errors whose message says what to do. */
const SAID_TO_OPERATORS: ReadonlySet<string> = new Set([
  "AddressUnusable",
  "CannotRegister",
  "GitUnusable",
  "GuardrailsUnavailable",
  "SchemaUnusable",
  "StoreDamaged",
  "StoreLocked",
  "StoreTooNew",
  "StoreUnreachable",
]);
/** What the system says of a port that cannot be listened on. */
const PORT_ERRORS: ReadonlySet<unknown> = new Set(["EADDRINUSE", "EADDRNOTAVAIL", "EACCES"]);

/** What the operator can put right, as a sentence; anything else stays what it is. */
async function explained(error: unknown): Promise<unknown> {
  if (!(error instanceof Error)) return error;
  if (error.name === "ConfigError" && "issues" in error && Array.isArray(error.issues)) {
    const { explainIssue } = await import("../config/explain.ts");
    const hint = "slipclutch check shows the same; slipclutch init writes a folder that is valid.";
    const lines = error.issues.map(explainIssue);
    const at = "commit" in error && error.commit !== null ? ` at commit ${error.commit}` : "";
    return new CommandError(EXIT.no, `The guardrails folder${at} is not valid.`, hint, lines);
  }
  if ("syscall" in error && error.syscall === "listen" && "code" in error) {
    const hint = "Free it, or choose others with --agent-port and --control-port.";
    if (PORT_ERRORS.has(error.code)) return new CommandError(EXIT.no, error.message, hint);
  }
  if (SAID_TO_OPERATORS.has(error.name)) {
    return new CommandError(EXIT.no, error.message, "Nothing was started.");
  }
  return error;
}
