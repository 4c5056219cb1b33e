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
