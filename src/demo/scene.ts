/** What the story is played with, started: the far ends, a gateway, an agent on each road. */

import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { ControlClient } from "../control/client.ts";
import { isObject } from "../wire/json.ts";
import type { Order, Report } from "./agent-messages.ts";
import type { Account } from "./bills.ts";
import type { Cast } from "./cast.ts";
import { writeGuardrails } from "./guardrails.ts";
import { instruct } from "./instruct.ts";
import { MODEL } from "./prices.ts";
import type { Programs } from "./programs.ts";

/** An agent at work. */
export interface Worker {
  readonly child: ChildProcess;
  /** Oldest first, at most `REPORTS_MAX`. */
  readonly reports: readonly Report[];
}

export interface Scene {
  readonly modelUrl: string;
  readonly toolsUrl: string;
  readonly dataFolder: string;
  /** The dashboard, and what signs in there. */
  readonly controlUrl: string;
  readonly token: string;
  readonly control: ControlClient;
  readonly workers: Readonly<Record<Account, Worker>>;
}

export interface SceneParts {
  readonly cast: Cast;
  readonly programs: Programs;
  /** Empty, and the scene's own. */
  readonly folder: string;
}

/** More than a run of the demo has by far. */
const REPORTS_MAX = 100_000;

export async function setUp({ cast, folder, programs }: SceneParts): Promise<Scene> {
  const start = (name: string, program: string) => cast.start({ name, program, args: [] });
  const [model, tools, unguarded, guarded] = await Promise.all([
    start("model", programs.model),
    start("tool server", programs.toolServer),
    start("unguarded agent", programs.agent),
    start("guarded agent", programs.agent),
  ]);
  const modelUrl = field(model.ready, "url");
  const toolsUrl = field(tools.ready, "url");
  const config = join(folder, "guardrails");
  const dataFolder = join(folder, "data");
  await writeGuardrails(config, { modelUrl, toolsUrl });
  const files = ["--config", config, "--data", dataFolder];
  const ports = ["--agent-port", "0", "--control-port", "0"];
  const args = ["start", ...files, ...ports, "--json"];
  const gateway = await cast.startGateway({ name: "gateway", program: programs.main, args });
  const agentUrl = field(gateway, "agent_url");
  const key = field(gateway, "agent_key");
  const workers = {
    unguarded: employ(unguarded.child, { modelUrl, toolsUrl, key: "unguarded" }),
    guarded: employ(guarded.child, { modelUrl: agentUrl, toolsUrl: agentUrl, key }),
  };
  const controlUrl = field(gateway, "control_url");
  const token = field(gateway, "operator_token");
  const control = new ControlClient(controlUrl, token);
  return { modelUrl, toolsUrl, dataFolder, controlUrl, token, control, workers };
}

/** Gives a ticket to both agents. */
export function hand(ticket: number, { workers }: Scene): void {
  const order: Order = { kind: "ticket", ticket };
  for (const { child } of Object.values(workers)) instruct(child, order);
}

interface Road {
  /** Of the model and of the tool server, or of the gateway that stands before both. */
  readonly modelUrl: string;
  readonly toolsUrl: string;
  readonly key: string;
}

function employ(child: ChildProcess, { key, modelUrl, toolsUrl }: Road): Worker {
  const reports: Report[] = [];
  child.on("message", (report: Report) => {
    if (reports.length < REPORTS_MAX) reports.push(report);
  });
  const order: Order = {
    kind: "begin",
    model: MODEL.name,
    modelUrl: `${modelUrl}/v1`,
    toolsUrl: `${toolsUrl}/mcp`,
    key,
  };
  instruct(child, order);
  return { child, reports };
}

/** A text that a program of the demo announced. */
function field(announced: unknown, name: string): string {
  const value = isObject(announced) ? announced[name] : undefined;
  if (typeof value === "string") return value;
  throw new Error(`A program of the demo announced no ${name}.`);
}
