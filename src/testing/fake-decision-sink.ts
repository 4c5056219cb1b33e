/** A sink in memory: takes, turns away or hangs, as it is told. */
import type { DecisionEvent, DecisionSink, DecisionsRefused } from "../ports/decision-log.ts";

export type SinkAnswer = "takes" | "fails" | "refuses" | "hangs";

export interface FakeDecisionSink extends DecisionSink {
  /** What it took, in its order. */
  readonly events: readonly DecisionEvent[];
  /** How many entries each `send` had, whatever became of them. */
  readonly asked: readonly number[];
  /** From now on; a function looks at the entries. What hangs goes on hanging. */
  answer(answer: SinkAnswer | ((events: readonly DecisionEvent[]) => SinkAnswer)): void;
}

export function fakeDecisionSink(kind = "fake"): FakeDecisionSink {
  const events: DecisionEvent[] = [];
  const asked: number[] = [];
  const hanging: ((error: Error) => void)[] = [];
  let answerOf: (events: readonly DecisionEvent[]) => SinkAnswer = () => "takes";
  let isClosed = false;
  return {
    kind,
    events,
    asked,
    async send(some) {
      if (isClosed) throw new Error("closed");
      asked.push(some.length);
      switch (some.length === 0 ? "takes" : answerOf(some)) {
        case "takes":
          events.push(...some);
          return;
        case "fails":
          throw new Error("the far end is away");
        case "refuses":
          throw refusal();
        case "hangs":
          return new Promise((_, reject) => hanging.push(reject));
      }
    },
    async close() {
      isClosed = true;
      for (const reject of hanging.splice(0)) reject(new Error("closed"));
    },
    answer(next) {
      answerOf = typeof next === "function" ? next : () => next;
    },
  };
}

function refusal(): DecisionsRefused {
  return Object.assign(new Error("one of them is not wanted"), { refused: true as const });
}
