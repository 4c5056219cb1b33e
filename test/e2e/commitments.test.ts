/** What a tool call begins and goes on costing, through a real gateway: from its opening to its end. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { type Cloud, cloud, cloudFolder } from "./commitments-world.ts";

let server: Cloud;
let gateway: TestGateway;

beforeAll(async () => {
  server = await cloud();
  gateway = await startGateway({ config: cloudFolder(server.url) });
});

afterAll(async () => {
  await gateway.stop();
  await server.close();
});

interface Answer {
  readonly status: number;
  readonly decision: string;
  // biome-ignore lint/suspicious/noExplicitAny: the answer's shape is what is tested
  readonly json: any;
}

async function dispatch(tool: string, given: object = {}, of = gateway): Promise<Answer> {
  const path = `/guard/v1/tools/${tool}/call`;
  const response = await of.call(path, { arguments: given });
  const decision = response.headers.get("x-slipclutch-decision")?.split(";")[0] ?? "";
  return { status: response.status, decision, json: await response.json() };
}

const create = (of = gateway) => dispatch("create_service", {}, of);
const destroy = (id: unknown, of = gateway) => dispatch("delete_service", { service_id: id }, of);

async function books(of = gateway) {
  const [budget] = (await (await of.api("GET", "/api/v1/budgets")).json()) as Record<
    string,
    string
  >[];
  return budget ?? {};
}

describe("a tool that goes on costing", () => {
  test("is let through as often as there are places, and no more often", async () => {
    const answers: Answer[] = [];
    for (let no = 0; no < 8; no += 1) answers.push(await create());
    expect(answers.map(({ status }) => status)).toEqual([
      ...[200, 200, 200, 200, 200],
      ...[403, 403, 403],
    ]);
    expect(server.running.size).toBe(5);
    expect(answers.at(-1)?.json.error.details).toEqual({
      error_code: "commitment.full",
      facts: {
        ...{ tool: "create_service", active: 5, max_active: 5 },
        ...{ usd_per_hour: "1", horizon_seconds: 3600 },
      },
    });
    expect(await books()).toMatchObject({ committed_usd: "5" });
    const { json } = await destroy("svc-2");
    expect(json.result.structuredContent).toEqual({ deleted: true });
    expect(Number((await books()).committed_usd)).toBeLessThanOrEqual(4);
    expect((await create()).status).toBe(200);
    expect((await create()).status).toBe(403);
  });
});
