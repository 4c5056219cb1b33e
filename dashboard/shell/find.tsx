/** Finds an agent, a task, a review or a decision by a part of its name. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { TaskView } from "../../src/control/schemas/people.ts";
import type { AgentView, ReviewRowView } from "../../src/control/schemas/reviews.ts";
import { useApi } from "../data/cache.ts";
import { Dialog } from "../parts/dialog.tsx";
import { agentPath, journalPath, reviewPath, taskPath } from "./paths.ts";
import { go } from "./router.tsx";

const FOUND_MAX = 12;
const DECISION = /^d-[0-9a-f]{16}-[0-9a-z]+$/;

interface Found {
  readonly what: string;
  readonly name: string;
  readonly path: string;
}

export function Find({ close }: { readonly close: () => void }) {
  const [text, setText] = useState("");
  const [chosen, choose] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const found = useFound(text.trim());
  useEffect(() => input.current?.focus(), []);
  const open = ({ path }: Found) => {
    close();
    go(path);
  };
  const keys = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const here = found[chosen];
    if (step !== 0) {
      event.preventDefault();
      choose(Math.min(Math.max(chosen + step, 0), Math.max(0, found.length - 1)));
    }
    if (event.key === "Enter" && here !== undefined) open(here);
  };
  return (
    <Dialog title="Find" class="finder" close={close}>
      <div class="in">
        <input
          ref={input}
          type="text"
          role="combobox"
          aria-label="Agent, task, review or decision"
          aria-expanded={found.length > 0}
          aria-controls="found"
          aria-activedescendant={found.length > 0 ? `found-${chosen}` : undefined}
          placeholder="A part of a name, or a whole decision: d-…"
          spellcheck={false}
          value={text}
          onKeyDown={keys}
          onInput={(event) => {
            setText(event.currentTarget.value);
            choose(0);
          }}
        />
      </div>
      <Results found={found} chosen={chosen} open={open} />
      {text !== "" && found.length === 0 && <p class="in muted">Nothing has this in its name.</p>}
    </Dialog>
  );
}

function Results(props: {
  readonly found: readonly Found[];
  readonly chosen: number;
  readonly open: (one: Found) => void;
}) {
  const { chosen, found, open } = props;
  return (
    <div id="found" class="found" role="listbox" aria-label="Found">
      {found.map((one, index) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox above has the keys.
        <div
          key={one.path}
          id={`found-${index}`}
          role="option"
          tabIndex={-1}
          aria-selected={index === chosen}
          onClick={() => open(one)}
        >
          <b>{one.name}</b>
          <span class="muted">{one.what}</span>
        </div>
      ))}
    </div>
  );
}

function useFound(text: string): readonly Found[] {
  const agents = useApi<readonly AgentView[]>("/api/v1/agents").value ?? [];
  const reviews = useApi<readonly ReviewRowView[]>("/api/v1/reviews?limit=200").value ?? [];
  const tasks = useApi<readonly TaskView[]>("/api/v1/tasks?alive=true&limit=1000").value ?? [];
  if (DECISION.test(text)) {
    return [{ what: "decision", name: text, path: journalPath({ decision: text }) }];
  }
  const all: Found[] = [
    ...agents.map(({ agent }) => ({ what: "agent", name: agent, path: agentPath(agent) })),
    ...reviews.map(({ agent, id, state }) => {
      return { what: `review of ${agent}, ${state}`, name: id, path: reviewPath(id) };
    }),
    ...tasks.map(({ agent, task }) => {
      return { what: `task of ${agent}`, name: task, path: taskPath(agent, task) };
    }),
  ];
  const wanted = text.toLowerCase();
  return all.filter(({ name }) => name.toLowerCase().includes(wanted)).slice(0, FOUND_MAX);
}
