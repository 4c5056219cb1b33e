/** Routes: what a gateway says of itself, and its configuration. */
import { Problem } from "../problem.ts";
import { parsed } from "../queries.ts";
import { REASON_BODY } from "../requests.ts";
import {
  FLAG,
  FLAG_CLEARED,
  HEALTH,
  NOT_READY,
  READY,
  RELOADED,
  STATUS,
} from "../schemas/gateway.ts";
import { list, SAID } from "../schemas/parts.ts";
import { flagView, statusView } from "../views.ts";
import { bodyOf, type OpenVisit, param, type Route, type Visit } from "./route.ts";

async function health({ context }: OpenVisit): Promise<Response> {
  return context.json({ ok: true });
}

async function readiness({ context, operations }: OpenVisit): Promise<Response> {
  const ready = operations.readiness();
  return context.json(ready, ready.ready ? 200 : 503);
}

async function document(visit: OpenVisit): Promise<Response> {
  return visit.context.json(visit.document());
}

async function status({ context, operations }: Visit): Promise<Response> {
  return context.json(statusView(await operations.status()));
}

const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

async function metrics({ context, operations }: Visit): Promise<Response> {
  return context.body(await operations.metrics(), 200, { "content-type": METRICS_TYPE });
}

async function reload({ context, operations, operator }: Visit): Promise<Response> {
  const reloaded = await operations.reload(operator.name);
  switch (reloaded.kind) {
    case "ok":
      return context.json({ changed: true, from: reloaded.from, to: reloaded.to });
    case "unchanged": {
      const { configuration } = reloaded;
      return context.json({ changed: false, from: configuration, to: configuration });
    }
    case "invalid": {
      const { issues } = reloaded;
      const message = `The guardrails folder does not validate (${issues.length} issues).`;
      throw new Problem("configuration.invalid", message, { issues });
    }
    case "refused":
      throw new Problem("configuration.refused", reloaded.because);
  }
}

async function listFlags({ context, operations }: Visit): Promise<Response> {
  return context.json((await operations.flags()).map(flagView));
}

async function clearFlag({ context, operations, operator }: Visit): Promise<Response> {
  const provider = param(context, "provider");
  const model = param(context, "model");
  const { reason } = parsed(REASON_BODY, await bodyOf(context));
  const flag = { provider, model, by: operator.name, reason };
  const cleared = await operations.clearFlag(flag);
  if (!cleared) throw new Problem("model-flag.unknown", `${provider} ${model} is not flagged.`);
  return context.json({ provider, model, cleared: true });
}

export const GATEWAY_ROUTES: readonly Route[] = [
  {
    ...{ method: "GET", path: "/healthz", role: null, name: "health" },
    says: "Answers as long as the process does.",
    content: { schema: HEALTH },
    answer: health,
  },
  {
    ...{ method: "GET", path: "/readyz", role: null, name: "readiness" },
    says: "Whether calls are admitted now; 503 with `because` if not.",
    content: { schema: READY },
    otherwise: { status: 503, schema: NOT_READY },
    answer: readiness,
  },
  {
    ...{ method: "GET", path: "/api/v1/openapi.json", role: null, name: "document" },
    says: "This API as an OpenAPI 3.1 document. It says nothing about this gateway.",
    content: { schema: SAID },
    answer: document,
  },
  {
    ...{ method: "GET", path: "/metrics", role: "viewer", name: "metrics" },
    says: "[Metrics](metrics.md) as text for Prometheus.",
    content: { text: METRICS_TYPE },
    answer: metrics,
  },
  {
    ...{ method: "GET", path: "/api/v1/status", role: "viewer", name: "status" },
    says: "Version, configuration, readiness, store, calls in flight.",
    content: { schema: STATUS },
    answer: status,
  },
  {
    ...{ method: "POST", path: "/api/v1/reload", role: "operator", name: "reload" },
    says: "Reads the guardrails folder again: whole, or not at all.",
    content: { schema: RELOADED },
    problems: ["configuration.invalid", "configuration.refused"],
    answer: reload,
  },
  {
    ...{ method: "GET", path: "/api/v1/model-flags", role: "viewer", name: "listModelFlags" },
    says: "Models that are reserved in full because they billed above a bound.",
    content: { schema: list(FLAG) },
    answer: listFlags,
  },
  {
    ...{ method: "DELETE", path: "/api/v1/model-flags/:provider/:model", role: "operator" },
    name: "clearModelFlag",
    says: "Trusts a model again.",
    body: REASON_BODY,
    content: { schema: FLAG_CLEARED },
    problems: ["model-flag.unknown"],
    answer: clearFlag,
  },
];
