/**
 * What is done every second beside the calls: telling the store, giving back, ending what is idle.
 */
import type { Millis } from "../guards/money.ts";
import { CommitmentUpkeep } from "./commitments/keep.ts";
import { EndedTasks, isSettled } from "./ended-tasks.ts";
import { EverySecond } from "./every-second.ts";
import type { Gateway } from "./gateway.ts";
import { keepTasks } from "./parking/keep-tasks.ts";
import { ParkingUpkeep } from "./parking/upkeep.ts";
import type { Tenure } from "./tenure.ts";

/** Idle tasks are looked for this often, or as often as the shortest limit that an agent has. */
const IDLE_TASKS_MS: Millis = 60_000;

export class Upkeep {
  readonly #gateway: Gateway;
  readonly #endedTasks: EndedTasks;
  readonly #parking: ParkingUpkeep;
  readonly #commitments: CommitmentUpkeep;
  readonly #loop: EverySecond;
  #idleTasksAt = 0;
  #keptTasksAt: Millis = Number.NEGATIVE_INFINITY;

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
    this.#loop = new EverySecond(gateway.clock, () => this.tick());
    this.#endedTasks = new EndedTasks(gateway);
    this.#parking = new ParkingUpkeep(gateway);
    this.#commitments = new CommitmentUpkeep(gateway);
    this.#idleTasksAt = gateway.clock.monotonic();
  }

  start(): void {
    this.#loop.start();
  }

  /** Waits for the tick under way. */
  async stop(): Promise<void> {
    await this.#loop.stop();
    await this.#parking.stop();
    await this.#commitments.stop();
  }

  /** Never rejects: what the store does not take now is offered again a second later. */
  async tick(): Promise<void> {
    const { clutches, flags, flusher, holding, inputs, messages } = this.#gateway;
    const { rates, rules, tasks, transcripts } = this.#gateway;
    try {
      const { tenure } = holding;
      this.#journalInFlight();
      await flusher.flush(tenure);
      await flusher.giveBack(tenure, "idle");
      await rates.giveIdle(tenure);
      await clutches.writeTrips();
      await this.#parking.tick();
      await this.#commitments.tick();
      await this.#gateway.inbox.tick(this.#gateway);
      forgetRetired(tenure);
      for (const former of holding.former) await this.#closeFormer(former);
      await tasks.touch();
      await flags.tell();
      await messages.tick();
      await this.#endIdleTasks();
      await this.#endedTasks.forget(tenure);
      // Last: nothing else is to wait for what is only evidence.
      await inputs.tick(rules.configuration.inputs, holding.storeNow());
      await transcripts.tick(rules.configuration.transcripts, holding.storeNow());
    } catch (error) {
      this.#gateway.metrics.error("upkeep");
      this.#gateway.log.warn("upkeep was cut short; it goes on with the next second", { error });
    }
  }

  /** A call that outlives a flush is written down before it settles, should this process die. */
  #journalInFlight(): void {
    for (const one of this.#gateway.inFlight.values()) {
      if (one.journalled) continue;
      one.journalled = true;
      one.call.incoming.tenure.journal.record(one.admitted());
    }
  }

  /** A fenced tenure is kept until its calls have ended and the store has their cost. */
  async #closeFormer(former: Tenure): Promise<void> {
    if (former.callsInFlight > 0) {
      await this.#gateway.flusher.flush(former);
      return;
    }
    if (await this.#gateway.flusher.close(former)) this.#gateway.holding.former.delete(former);
  }

  async #endIdleTasks(): Promise<void> {
    const { clock, endTask, rules, tasks } = this.#gateway;
    const manifests = [...rules.configuration.agents.values()];
    const idleMs = Math.min(...manifests.map(({ tasks: { idleMs: ofAgent } }) => ofAgent));
    const now = clock.monotonic();
    if (now - this.#idleTasksAt < Math.min(idleMs, IDLE_TASKS_MS)) return;
    this.#idleTasksAt = now;
    // Kept twice in that time none of them is ever idle; to read them all takes memory.
    if (now - this.#keptTasksAt >= idleMs / 2) {
      await keepTasks(this.#gateway);
      this.#keptTasksAt = now;
    }
    for (const manifest of manifests) {
      for (const id of await tasks.endIdle(manifest)) {
        await endTask(manifest.agent, id, "unknown", "idle");
      }
    }
  }
}

/** An account that is over is forgotten once everything of it is settled and given back. */
function forgetRetired(tenure: Tenure): void {
  for (const account of tenure.retired) if (isSettled(account)) tenure.retired.delete(account);
}
