/**
 * Calls of ending tools that the gateway makes itself, as a call of the agent that named itself:
 * claimed in the store before it goes out, so that it is made once by all gateways together.
 */
import type { Commitment } from "../../guards/commitment/commitment.ts";
import type { CommitmentTerms } from "../../guards/commitment/terms.ts";
import type { Millis } from "../../guards/money.ts";
import { type Denial, isDenial } from "../../guards/verdict.ts";
import { byteLength } from "../../wire/utf8.ts";
import type { Caller, Desk } from "../call.ts";
import { type Gateway, nextDecision } from "../gateway.ts";
import { handle } from "../handle.ts";
import { NOBODY } from "../parking/late.ts";
import { taskNameOf } from "../task-name.ts";
import { readToolCall } from "../tools/read.ts";
import { change } from "./commitments.ts";

/** Of a stop that has waited for all other calls already. */
const STOP_MS: Millis = 5_000;

/** `running`: here or at another gateway; how it ends is seen a while later. */
type Result = "running" | "ended" | "failed";

export class Enders {
  readonly #gateway: Gateway;
  /** By commitment and renewal: a later one is another call. */
  readonly #asked = new Map<string, Result>();
  readonly #running = new Map<string, Promise<void>>();

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  /** Begins it, and says how it stands: nobody waits for a tool here. */
  async end(commitment: Commitment, terms: CommitmentTerms): Promise<Result> {
    const name = `end.${commitment.id}.${commitment.renewals}`;
    const known = this.#asked.get(name);
    if (known === "running") return known;
    // Said once: whoever asks again asks for another call.
    if (known !== undefined) {
      this.#asked.delete(name);
      return known;
    }
    // Paused by now, there is a review for it: nothing of that agent goes out but by a person.
    if (this.#gateway.clutches.of(commitment.agent).state !== "engaged") return "failed";
    this.#asked.set(name, "running");
    const running = this.#run(name, commitment, terms)
      .catch((error): Result => {
        this.#gateway.metrics.error("commitment");
        this.#gateway.log.error("an ending tool was not called", { name, error });
        return "failed";
      })
      .then((result) => {
        this.#running.delete(name);
        if (result === "running") this.#asked.delete(name);
        else this.#asked.set(name, result);
      });
    this.#running.set(name, running);
    return "running";
  }

  async stop(): Promise<void> {
    const { clock } = this.#gateway;
    let cancel: () => void = () => {};
    const late = new Promise<void>((resolve) => {
      cancel = clock.after(STOP_MS, resolve);
    });
    await Promise.race([Promise.all(this.#running.values()), late]);
    cancel();
  }

  async #run(name: string, commitment: Commitment, terms: CommitmentTerms): Promise<Result> {
    const gateway = this.#gateway;
    const caller = this.#callerOf(commitment);
    if (caller === null) return "failed";
    const told = new Promise<Result>((resolve) => {
      const desk: Desk = {
        refuse: (denial) => resolve(isElsewhere(denial) ? "running" : "failed"),
        answer: ({ isError }) => resolve(isError ? "failed" : "ended"),
        progress: null,
      };
      const given = argumentsFor(terms.endsWith.id, JSON.parse(commitment.service ?? "null"));
      const named = {
        ...{ name: `${terms.endsWith.server}__${terms.endsWith.tool}`, server: null },
        ...{ arguments: given, bytes: byteLength(JSON.stringify(given)), callId: name },
        by: "gateway",
      } as const;
      const call = readToolCall(named, caller, { desk, client: NOBODY });
      if (isDenial(call)) return resolve("failed");
      caller.rules.requests += 1;
      void handle(call, gateway).finally(() => {
        caller.rules.requests -= 1;
        // Parked, nobody is told: a pause came in between.
        resolve("failed");
      });
    });
    const result = await told;
    return result === "ended" ? await this.#checked(commitment) : result;
  }

  /** An answer that was kept from before ends nothing by itself. */
  async #checked({ id }: Commitment): Promise<Result> {
    const now = await change(id, () => null, this.#gateway);
    return now === null || now.after.state === "ended" ? "ended" : "failed";
  }

  #callerOf({ agent, key: keyId }: Commitment): Caller | null {
    const { clock, holding, keys, rules } = this.#gateway;
    const [key, manifest] = [keys.withId(keyId), rules.manifest(agent)];
    if (key === null || manifest === null) return null;
    // Its task may have ended long ago: what it began is ended in the shared one.
    const taskName = taskNameOf(key, {}, null, holding.storeNow());
    if (isDenial(taskName)) return null;
    const decision = nextDecision(this.#gateway);
    const { tenure } = holding;
    const receivedAt = clock.monotonic();
    return {
      ...{ headers: {}, key, manifest, rules, tenure, decision, call: decision },
      ...{ taskName, receivedAt },
    };
  }
}

/** It is being made at another gateway, or will be known a moment later. */
function isElsewhere({ code, retryAfterMs }: Denial): boolean {
  return code === "tool.busy" || (retryAfterMs !== undefined && code !== "clutch.parked");
}

/** `/arguments/a/b` and a value: `{ a: { b: value } }`. */
function argumentsFor(pointer: string, value: unknown): Readonly<Record<string, unknown>> {
  const [, , ...names] = pointer.split("/");
  const keys = names.map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
  const made = keys.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
  // `as`: the load has seen that a name follows /arguments.
  return made as Readonly<Record<string, unknown>>;
}
