/** Routes: what agents do, and what they may. */
import { manifestView, overviewView } from "../overview.ts";
import { Problem } from "../problem.ts";
import { MANIFEST, OVERVIEW } from "../schemas/overview.ts";
import { param, type Route, type Visit } from "./route.ts";

async function overview({ context, operations }: Visit): Promise<Response> {
  return context.json(overviewView(await operations.overview()));
}

async function manifest({ context, operations }: Visit): Promise<Response> {
  const agent = param(context, "agent");
  const state = operations.manifest(agent);
  if (state === null) throw new Problem("agent.unknown", `There is no agent ${agent}.`);
  return context.json(manifestView(state));
}

export const OVERVIEW_ROUTES: readonly Route[] = [
  {
    ...{ method: "GET", path: "/api/v1/overview", role: "viewer", name: "overview" },
    says: "How many calls each agent has made in the last hour at this gateway, what it has spent today, its breaker that is nearest to its line, and its accounts.",
    content: { schema: OVERVIEW },
    answer: overview,
  },
  {
    ...{ method: "GET", path: "/api/v1/agents/:agent/manifest", role: "viewer", name: "manifest" },
    says: "What an agent may do: its models, tools and budgets, as they are in force.",
    content: { schema: MANIFEST },
    problems: ["agent.unknown"],
    answer: manifest,
  },
];
