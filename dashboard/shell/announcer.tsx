/** What is read out: what needs a person, now and then; a new trip at once, and once. */

import { useCallback, useEffect, useState } from "preact/hooks";
import type { EntryView } from "../../src/control/schemas/journal.ts";
import type { ReviewRowView } from "../../src/control/schemas/reviews.ts";
import { useApi } from "../data/cache.ts";
import { useHeard } from "../data/hooks.ts";
import { OPEN_REVIEWS } from "../data/paths.ts";
import { counted } from "../words/numbers.ts";

/** At most so often: a person who listens cannot skip. */
const POLITE_MS = 10_000;

export function Announcer() {
  const waiting = useApi<readonly ReviewRowView[]>(OPEN_REVIEWS).value?.length;
  const [polite, setPolite] = useState("");
  const [urgent, setUrgent] = useState("");
  useEffect(() => {
    if (waiting === undefined) return;
    const says = waiting === 0 ? "Nothing waits" : `${counted(waiting, "review")} wait`;
    const timer = setTimeout(() => setPolite(`${says} for a person.`), POLITE_MS);
    return () => clearTimeout(timer);
  }, [waiting]);
  const heard = useCallback(({ event, kind }: EntryView) => {
    if (kind === "clutch.disengaged") setUrgent(`${event.agent} is disengaged: ${event.reason}`);
  }, []);
  useHeard(heard);
  return (
    <>
      <p class="sr" role="status">
        {polite}
      </p>
      <p class="sr" role="alert">
        {urgent}
      </p>
    </>
  );
}
