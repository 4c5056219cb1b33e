import type {
  Beat,
  Fenced,
  Forfeit,
  HolderInfo,
  HolderRow,
  HolderStore,
  Registered,
} from "../../../ports/store.ts";
import type { Lane } from "./connections.ts";
import { decodeText } from "./values.ts";

/** The newest holders that a list shows; live ones come first. */
const LISTED_MAX = 1_000;
/** What a closed holder left is removed in pieces; what these do not reach, the next close does. */
const SWEEPS_MAX = 20;
const SWEPT_ROWS_MAX = 10_000;
/** So long a closed holder stays in the list. */
const CLOSED_KEPT_MS = 30 * 86_400_000;

/** Amounts are text in JSON, whose numbers would lose digits. */
type BeatJson = Omit<Beat, "wants"> & {
  readonly wants: readonly (Omit<Beat["wants"][number], "amount"> & { readonly amount: string })[];
};
type RegisteredJson = BeatJson | Exclude<Registered, Beat>;

type ForfeitRow = Omit<Forfeit, "account"> & { readonly account: bigint };

/** What holders need: work in one lane, heartbeats in one of their own, notices in a third. */
export interface HolderLanes {
  readonly work: Lane;
  readonly beats: Lane;
  readonly watch: HolderStore["watch"];
}

/** Holders: who lives, who is fenced, and what others changed. */
export function holders({ work, beats, watch }: HolderLanes): HolderStore {
  return {
    register: (info) => register(work, info),
    async beat(id) {
      const text = "SELECT beat($1) AS answer";
      const [row] = await beats.ask<{ answer: BeatJson | Fenced }>({
        name: "beat",
        text,
        values: [id],
      });
      return row?.answer.kind === "ok" ? beat(row.answer) : { kind: "fenced" };
    },
    async fence(id, seen) {
      const text = "SELECT * FROM fence($1, $2)";
      return (await work.ask<ForfeitRow>({ text, values: [id, seen] })).map(forfeit);
    },
    async close(id) {
      const text = "SELECT close_holder($1) AS kind";
      const [row] = await work.ask<{ kind: "closed" | "held" }>({ text, values: [id] });
      if (row?.kind !== "closed") return { kind: "held" };
      await sweep(work);
      return { kind: "closed" };
    },
    async list() {
      const text =
        "SELECT listed(h) AS row FROM holder h ORDER BY h.state = 'live' DESC, h.no DESC LIMIT $1";
      const rows = await work.ask<{ row: HolderRow }>({ text, values: [LISTED_MAX] });
      return rows.map(({ row }) => row);
    },
    async configure(id, from, to) {
      const text = "SELECT configure($1, $2, $3) AS done";
      const [row] = await work.ask<{ done: boolean }>({ text, values: [id, from, to] });
      return row?.done === true;
    },
    watch,
  };
}

async function sweep(work: Lane): Promise<void> {
  const values = [SWEPT_ROWS_MAX, CLOSED_KEPT_MS];
  for (let round = 0; round < SWEEPS_MAX; round += 1) {
    const [row] = await work.ask<{ more: boolean }>({
      text: "SELECT sweep($1, $2) AS more",
      values,
    });
    if (!row?.more) return;
  }
}

async function register(work: Lane, info: HolderInfo): Promise<Registered> {
  const [row] = await work.ask<{ answer: RegisteredJson }>({
    text: "SELECT register($1, $2, $3, $4, $5, $6) AS answer",
    values: [info.id, info.host, info.pid, info.pidStart, info.configuration, info.keyId],
  });
  if (!row) throw new Error("register answers exactly one row");
  return row.answer.kind === "ok" ? beat(row.answer) : row.answer;
}

function beat(answer: BeatJson): Beat {
  const wants = answer.wants.map((want) => ({ ...want, amount: BigInt(want.amount) }));
  const permitWants = answer.permitWants.map(({ agent, server, tool, ...want }) => ({
    ...{ agent: decodeText(agent), server: decodeText(server), tool: decodeText(tool) },
    ...want,
  }));
  return { ...answer, wants, permitWants };
}

function forfeit(row: ForfeitRow): Forfeit {
  return { ...row, account: Number(row.account) };
}
