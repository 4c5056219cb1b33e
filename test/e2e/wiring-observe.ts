/** How an agent is observed before its manifest is enforced. */
import { differs, fromTo, type WiringCase } from "./wiring-case.ts";
import type { Json, Settings, WiringWorld } from "./wiring-world.ts";

const UNKNOWN = "manifest.unknown-tool";
const field = (name: string) => `agents/*.yaml ${name}`;

function worker(more: Json) {
  return ({ agents }: Settings) => {
    Object.assign(agents.worker, more);
  };
}

/** What becomes of a tool that nobody granted. */
const fail = (world: WiringWorld) => world.toolOutcome("fail");

const OBSERVED = { mode: "observe", observe_until: "2999-01-01" };

/** How many calls of an agent are kept with what they asked. */
async function kept(world: WiringWorld, agent: string): Promise<number> {
  const answer = await world.gateway.api("GET", `/api/v1/inputs?agent=${agent}&limit=1000`);
  return ((await answer.json()) as Json).inputs.length;
}

/** Of one call of an agent that is not observed. */
async function keptOfOne(world: WiringWorld): Promise<number> {
  const before = await kept(world, "worker");
  await world.toolOutcome("echo");
  return (await kept(world, "worker")) - before;
}

const inputs = (of: string) => {
  return ({ slipclutch }: Settings) => {
    slipclutch.journal = { inputs: of };
  };
};

export const OBSERVE_CASES: readonly WiringCase[] = [
  differs(field("mode = observe"), {
    set: worker(OBSERVED),
    see: fail,
    expect: fromTo(UNKNOWN, "200"),
  }),
  differs(field("mode = enforce"), {
    base: worker(OBSERVED),
    set: ({ agents }) => {
      agents.worker.mode = "enforce";
      agents.worker.observe_until = undefined;
    },
    see: fail,
    expect: fromTo("200", UNKNOWN),
  }),
  differs("slipclutch.yaml journal.inputs = all", {
    set: inputs("all"),
    see: keptOfOne,
    expect: fromTo(0, 1),
  }),
  differs("slipclutch.yaml journal.inputs = observed", {
    base: inputs("all"),
    set: inputs("observed"),
    see: keptOfOne,
    expect: fromTo(1, 0),
  }),
  differs("slipclutch.yaml journal.replay_for", {
    base: inputs("all"),
    set: ({ slipclutch }) => {
      slipclutch.journal.replay_for = "1s";
    },
    see: async (world) => {
      await world.toolOutcome("echo");
      const seen = await kept(world, "worker");
      // Twice as long as it is kept, with the second in which the gateway looks.
      await new Promise((resolve) => setTimeout(resolve, 3_500));
      return (await kept(world, "worker")) >= seen ? "kept" : "forgotten";
    },
    expect: fromTo("kept", "forgotten"),
  }),
  differs(field("observe_until"), {
    base: worker(OBSERVED),
    set: worker({ observe_until: "2020-01-01" }),
    see: fail,
    expect: fromTo("200", UNKNOWN),
  }),
  differs(field("observe_servers"), {
    base: worker(OBSERVED),
    set: worker({ observe_servers: ["own"] }),
    see: fail,
    expect: fromTo("200", UNKNOWN),
  }),
];
