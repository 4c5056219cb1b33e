/**
 * Any OPA, asked over its REST API. Policies and data are its own business: it has them from its
 * bundles, so loading here means finding that it is well.
 */
import type { Millis } from "../../../guards/money.ts";
import type { Clock } from "../../../ports/clock.ts";
import {
  type Policies,
  type PolicyAnswer,
  type PolicyDocument,
  type PolicyEngine,
  PolicyProblems,
  type PolicyQuery,
  type Question,
} from "../../../ports/policy-engine.ts";
import { failed, inputText } from "../answers/answers.ts";
import { answerOf } from "./answer.ts";
import { Road } from "./road.ts";
import type { OpaSettings } from "./settings.ts";

/** It may be started beside the gateway, but not after it. */
const HEALTH_TIMEOUT_MS: Millis = 5_000;
const HEALTHY = 200;

export function opaEngine(settings: OpaSettings, clock: Clock): PolicyEngine {
  return {
    kind: "opa",
    async load({ revision }) {
      const road = new Road(settings, clock);
      const why = await unwell(road);
      if (why === null) return new OpaPolicies(revision, road);
      await road.close();
      throw outOfReach(settings, why);
    },
  };
}

/** Null: it is well. */
async function unwell(road: Road): Promise<string | null> {
  try {
    const { status } = await road.ask("/health", null, HEALTH_TIMEOUT_MS);
    return status === HEALTHY ? null : `its /health answers with status ${status}`;
  } catch (error) {
    return messageOf(error);
  }
}

function outOfReach({ socket, url }: OpaSettings, why: string): PolicyProblems {
  return new PolicyProblems([
    {
      ...{ file: null, row: null, col: null },
      code: "opa_unreachable",
      message: `OPA at ${socket ?? new URL(url).origin} cannot be asked: ${why}`,
      hint: "Start it before the gateway, as: opa run --server --addr 127.0.0.1:8181 BUNDLE",
    },
  ]);
}

class OpaPolicies implements Policies {
  readonly revision: string;
  readonly notes: readonly string[] = [];
  readonly #road: Road;

  constructor(revision: string, road: Road) {
    this.revision = revision;
    this.#road = road;
  }

  async ask(
    query: PolicyQuery,
    input: PolicyDocument,
    { timeoutMs }: Question,
  ): Promise<PolicyAnswer> {
    try {
      const body = `{"input":${inputText(input)}}`;
      return answerOf(await this.#road.ask(targetOf(query), body, timeoutMs));
    } catch (error) {
      return failed("unreachable", messageOf(error));
    }
  }

  close(): Promise<void> {
    return this.#road.close();
  }
}

function targetOf({ lenient, path }: PolicyQuery): string {
  const document = ["/v1/data", ...path.map(encodeURIComponent)].join("/");
  return `${document}?provenance=true${lenient ? "" : "&strict-builtin-errors=true"}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
