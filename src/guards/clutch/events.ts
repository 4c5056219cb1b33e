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
