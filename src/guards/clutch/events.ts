import type { Unit } from "../budget/unit.ts";

/** What happened to an agent's clutch, and what people decided and wrote then. */
export type ClutchEvent =
  /** An agent runs away: a breaker's numbers. `trip`: its clutch is disengaged for it. */
  | {
      readonly kind: "breaker.alarmed";
      readonly agent: string;
      readonly task: string | null;
      readonly rule: string;
      readonly action: "alert" | "trip";
      readonly server: string;
      readonly tool: string;
      readonly says: string;
      readonly numbers: Readonly<Record<string, number>>;
    }
  | {
      readonly kind: "clutch.disengaged";
      readonly agent: string;
      readonly review: string;
      readonly reason: string;
      readonly by: string;
    }
  | {
      readonly kind: "review.decided";
      readonly agent: string;
      readonly review: string;
      readonly decision: string;
      /** What it was about, if not the whole agent. */
      readonly task: string | null;
      readonly call: string | null;
      readonly reason: string;
      readonly by: string;
    }
  /** What takes two was proposed by one of them. */
  | {
      readonly kind: "review.proposed";
      readonly agent: string;
      readonly review: string;
      readonly decision: string;
      readonly task: string | null;
      readonly call: string | null;
      readonly reason: string;
      readonly by: string;
    }
  /** A person raised the limit of an account, or withdrew that. */
  | {
      readonly kind: "budget.raised";
      readonly agent: string | null;
      readonly budget: string;
      readonly scope: string;
      readonly unit: Unit;
      /** In the budget's unit, as a decimal; null: what was raised is withdrawn. */
      readonly limit: string | null;
      readonly review: string | null;
      readonly reason: string;
      readonly by: string;
    }
  /** The model has answered a call of the task that told it what a reviewer said. */
  | {
      readonly kind: "agent.told";
      readonly agent: string;
      readonly task: string;
      readonly call: string;
      /** Of the decision that it was said in. */
      readonly message: string;
      readonly by: string;
    }
  /** A person looked at the arguments of a call that waits. */
  | {
      readonly kind: "call.shown";
      readonly agent: string;
      readonly task: string;
      readonly call: string;
      readonly review: string;
      readonly by: string;
    }
  /** A person wrote something about an incident. */
  | {
      readonly kind: "incident.noted";
      readonly agent: string;
      readonly incident: string;
      readonly text: string;
      readonly by: string;
    }
  /** A person took it away as a file: with what its calls asked, or without. */
  | {
      readonly kind: "incident.exported";
      readonly agent: string;
      readonly incident: string;
      readonly calls: number;
      /** How many arguments were opened for it. */
      readonly inputs: number;
      readonly by: string;
    };
