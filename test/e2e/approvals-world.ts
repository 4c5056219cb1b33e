/** A parking world with policies that ask for approvals, and what people do about them. */
import { until } from "./clients-world.ts";
import { type ParkingWorld, parkingWorld } from "./parking-world.ts";
import type { Json } from "./wiring-world.ts";

/** Long answers are for people; so are tool calls over 100. */
export const GATE = `package gate

model := {"allow": true} if input.call.max_output_tokens <= 100

model := {"park": [sprintf("%v answers with up to %d tokens", [input.agent_id, n])]} if {
	n := input.call.max_output_tokens
	n > 100
}

tool := {"park": ["it is dear", "nobody knows it"]} if input.call.arguments.amount >= 100

else := {"allow": true}
`;

export const BOUND = [
  { name: "long", query: "data.gate.model", on: "model" },
  { name: "dear", query: "data.gate.tool", on: "tool" },
];

/** A machine that is busy with other tests answers late: that is no refusal here. */
export const ENGINE = { kind: "embedded", timeout: "5s" };

export interface ApprovalsFolder {
  readonly parking?: Json;
  readonly manifest?: Json;
  readonly more?: Json;
  readonly gate?: string;
}

export class ApprovalsWorld {
  readonly world: ParkingWorld;

  static async open(folder: ApprovalsFolder = {}): Promise<ApprovalsWorld> {
    const { gate = GATE, manifest = {}, more = {}, parking = {} } = folder;
    const files = { "policies/gate.rego": gate };
    return new ApprovalsWorld(
      await parkingWorld(
        parking,
        manifest,
        { policies: BOUND, policy_engine: ENGINE, ...more },
        files,
      ),
    );
  }

  private constructor(world: ParkingWorld) {
    this.world = world;
  }

  get sent(): number {
    return this.world.upstream.received();
  }

  async approvals(): Promise<readonly Json[]> {
    const answer = await this.world.gateway.api("GET", "/api/v1/reviews?state=open");
    return ((await answer.json()) as Json[]).filter(({ kind }) => kind === "approval");
  }

  /** The one that waits for a person, in full. */
  async asked(): Promise<Json> {
    await until(async () => (await this.approvals()).length > 0);
    const [{ id }] = await this.approvals();
    return this.review(id);
  }

  async review(id: string): Promise<Json> {
    return (await this.world.gateway.api("GET", `/api/v1/reviews/${id}`)).json();
  }

  decide(decision: string, { id, version }: Json, more: Json = {}): Promise<Response> {
    return this.world.decide(id, { decision, version, reason: "looked", ...more });
  }

  async approve(review: Json): Promise<void> {
    const answer = await this.decide("approve", review);
    if (answer.status !== 200) throw new Error(await answer.text());
  }

  /** An operator's key. */
  async operator(name: string): Promise<string> {
    const body = { operator: name, role: "operator" };
    const made = await this.world.gateway.api("POST", "/api/v1/keys", body);
    return ((await made.json()) as Json).key;
  }
}
