/** Limits on the calls and the tasks of an agent. */
import type { CallLimits, Manifest } from "../../guards/manifest/manifest.ts";
import { type Amount, amountChanges, durationWords } from "./amounts.ts";
import type { About, Change } from "./change.ts";

type Manifests = readonly [before: Manifest, after: Manifest];

/** A limit that is added does not compile until it has words. */
const OF_CALLS: Readonly<Record<keyof CallLimits, Amount>> = {
  maxOutputTokens: { says: (amount) => `an answer may have ${amount} tokens` },
  maxInputTokens: { says: (amount) => `a call may have ${amount} tokens of input` },
  maxN: { says: (amount) => `a call may ask for ${amount} choices` },
  timeoutMs: { says: (time) => `a provider may be silent for ${time}`, words: durationWords },
  // A floor: a lower one lets calls through that were refused before.
  minUsefulOutput: {
    says: (amount) => `to fit a budget an answer may be cut down to ${amount} tokens`,
    more: "narrower",
    less: "wider",
  },
};

const OF_TASKS: Readonly<Record<keyof Manifest["tasks"], Amount>> = {
  newPerHour: { says: (amount) => `may begin ${amount} tasks in an hour` },
  aliveMax: { says: (amount) => `may have ${amount} tasks alive at once` },
  depthMax: { says: (amount) => `tasks may nest ${amount} deep` },
  childrenMax: { says: (amount) => `a task may have ${amount} children alive at once` },
  idleMs: {
    says: (time) => `a task ends when it is idle for ${time}`,
    words: durationWords,
    // Its place among the tasks alive is free the sooner, for another one.
    less: "may-be-wider",
  },
  callsMax: { says: (amount) => `a task may make ${amount} calls` },
  toolCallsMax: { says: (amount) => `a task may make ${amount} calls of tools` },
  durationMaxMs: {
    says: (time) => `a task may begin calls ${time}`,
    words: (time) => `for ${durationWords(time)}`,
    none: "for ever",
  },
};

const OF_ARGUMENTS: Amount = {
  says: (amount) => `a call of a tool may have ${amount} bytes of arguments`,
};

export function limitChanges(agent: string, [before, after]: Manifests): Change[] {
  const about = { agent, about: "limits" };
  const [old, now] = [before.tools.argumentsBytesMax, after.tools.argumentsBytesMax];
  return [
    ...callLimitChanges(about, before.limits, after.limits),
    ...namesOf(OF_TASKS).flatMap((name) =>
      amountChanges(about, before.tasks[name], after.tasks[name], OF_TASKS[name]),
    ),
    ...amountChanges(about, old, now, OF_ARGUMENTS),
  ];
}

export function callLimitChanges(about: About, before: CallLimits, after: CallLimits): Change[] {
  return namesOf(OF_CALLS).flatMap((name) =>
    amountChanges(about, before[name], after[name], OF_CALLS[name]),
  );
}

function namesOf<Name extends string>(table: Readonly<Record<Name, Amount>>): readonly Name[] {
  // The keys of a table are those of its type.
  return Object.keys(table) as Name[];
}
