import type { Clock } from "../../../ports/clock.ts";
import type { HolderId, OutcomeStore } from "../../../ports/store.ts";
import { type MemoryData, tell } from "./data.ts";
import type { OutcomeRow } from "./rows.ts";

/** Reported outcomes on data in memory. */
export function memoryOutcomes(data: MemoryData, clock: Clock): OutcomeStore {
  const { outcomes } = data;
  return {
    put: async (idBegins, { body, id }) => {
      const isLive = ([other, { state }]: [HolderId, { readonly state: string }]): boolean =>
        state === "live" && other.startsWith(idBegins);
      const found = [...data.holders].find(isLive);
      if (found === undefined) return false;
      const [holder] = found;
      if (!outcomes.has(id)) {
        outcomes.set(id, { outcome: { id, body }, holder, at: clock.wall(), answer: null });
        tell(data, "outcomes");
      }
      return true;
    },
    waiting: async (holder, limit) =>
      waitingFor(data, holder)
        .slice(0, limit)
        .map(({ outcome }) => outcome),
    answer: async (holder, answered) => {
      const waiting = new Map(waitingFor(data, holder).map((row) => [row.outcome.id, row]));
      for (const { answer, id } of answered) {
        const row = waiting.get(id);
        if (row) row.answer = answer;
      }
      tell(data, "outcomes");
    },
    answers: async (ids) =>
      ids.flatMap((id) => {
        const row = outcomes.get(id);
        const isLive = row && data.holders.get(row.holder)?.state === "live";
        const answer = row && (row.answer ?? (isLive ? null : "gone"));
        return answer ? [{ id, answer }] : [];
      }),
    forget: async (ids) => {
      for (const id of ids) outcomes.delete(id);
    },
    prune: async (before) => {
      for (const [id, { at }] of outcomes) if (at < before) outcomes.delete(id);
    },
  };
}

/** Those that have no answer yet, oldest first. */
export function waitingFor({ outcomes }: MemoryData, holder: HolderId): OutcomeRow[] {
  return [...outcomes.values()].filter((row) => row.holder === holder && row.answer === null);
}
