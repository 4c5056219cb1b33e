/** One decision explained: what was asked, what each guard answered, what it cost, how it ended. */

import type { ComponentChildren } from "preact";
import type { ExplanationView } from "../../src/control/schemas/journal.ts";
import { useApi } from "../data/cache.ts";
import { Dialog } from "../parts/dialog.tsx";
import { VerdictMark } from "../parts/icons.tsx";
import { Fact, Loaded, Moment } from "../parts/panels.tsx";
import { agentPath, taskPath } from "../shell/paths.ts";
import { Link } from "../shell/router.tsx";
import { short } from "../words/entries.ts";
import { usd } from "../words/money.ts";
import { bytes } from "../words/numbers.ts";

export function Explain(props: { readonly decision: string; readonly close: () => void }) {
  const path = `/api/v1/decisions/${encodeURIComponent(props.decision)}`;
  const answer = useApi<ExplanationView>(path);
  return (
    <Dialog title="Why this was decided" class="drawer" close={props.close}>
      <Loaded answer={answer} what="The decision" rows={8}>
        {(view) => <Explanation view={view} />}
      </Loaded>
    </Dialog>
  );
}

const STATES = {
  settled: { verdict: "allow", word: "Allowed, and settled" },
  "in-flight": { verdict: "allow", word: "Allowed, in flight" },
  refused: { verdict: "deny", word: "Denied" },
  parked: { verdict: "park", word: "Parked" },
  asked: { verdict: "note", word: "Asked a policy, and was answered" },
  lost: { verdict: "deny", word: "Its gateway died" },
  unknown: { verdict: "note", word: "Nothing is known of its end" },
} as const;

function Explanation({ view }: { readonly view: ExplanationView }) {
  const { agent, denial, remarks, state, task } = view;
  const { verdict, word } = STATES[state];
  return (
    <div class="explain">
      <p class="in verdict">
        <VerdictMark verdict={verdict} word={word} />
        {denial !== null && <code>{denial.code}</code>}
      </p>
      {denial !== null && (
        <p class="in muted">
          {denial.says} {denial.hint}
        </p>
      )}
      {remarks.map((remark) => (
        <p class="in" key={remark}>
          {remark}
        </p>
      ))}
      <dl class="kv wide">
        <Fact name="When">
          <Moment at={view.at} />
        </Fact>
        {agent !== null && (
          <Fact name="Agent">
            <Link to={agentPath(agent)}>{agent}</Link>
          </Fact>
        )}
        {agent !== null && task !== null && (
          <Fact name="Task">
            <Link to={taskPath(agent, task)}>{task}</Link>
          </Fact>
        )}
        <Fact name="Guardrails">
          <code>{short(view.revision)}</code>
        </Fact>
        <Fact name="Decision">
          <code class="hash">{view.decision}</code>
        </Fact>
      </dl>
      {view.asked !== null && <Block title="Asked">{factsOf(view.asked)}</Block>}
      {denial !== null && Object.keys(denial.facts).length > 0 && (
        <Block title="Numbers that decided">{factsOf(denial.facts)}</Block>
      )}
      <Guards view={view} />
      {view.budgets.length > 0 && <Legs view={view} />}
      {view.outcome !== null && <Block title="How it ended">{factsOf(view.outcome)}</Block>}
    </div>
  );
}

function Block(props: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <section>
      <h3>{props.title}</h3>
      <dl class="kv wide">{props.children}</dl>
    </section>
  );
}

function factsOf(values: Readonly<Record<string, unknown>>): ComponentChildren {
  return Object.entries(values)
    .filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => (
      <Fact key={name} name={name.replaceAll("_", " ").replace(/ (usd|ms)$/, "")}>
        {shown(name, value)}
      </Fact>
    ));
}

function shown(name: string, value: unknown): ComponentChildren {
  if (typeof value === "string" && /_usd$|^usd$/.test(name)) return usd(value);
  if (typeof value === "number" && name.endsWith("_ms")) return `${value.toFixed(1)} ms`;
  if (typeof value === "number" && name === "bytes") return bytes(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (name === "digest") return <code class="hash">{String(value)}</code>;
  return typeof value === "object" ? (
    <code class="hash">{JSON.stringify(value)}</code>
  ) : (
    String(value)
  );
}

/** In the order in which they were asked; the one that did not allow is the last. */
function Guards({ view }: { readonly view: ExplanationView }) {
  if (view.answers.length === 0) return null;
  return (
    <section>
      <h3>What each guard answered</h3>
      <table>
        <tbody>
          {view.answers.map(({ answer, guard, numbers }) => (
            <tr key={guard}>
              <td class="name">{guard}</td>
              <td>
                <VerdictMark verdict={markOf(answer)} word={answer} />
              </td>
              <td class="muted hash">{Object.entries(numbers).map(numberText).join(", ")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const NANO = /_?nano_usd$/;
const NANO_PLACES = 9;

/** A guard's own name for what it looked at; money is shown as money. */
function numberText([name, value]: readonly [string, string | number]): string {
  const words = name.replace(NANO, "").replaceAll("_", " ");
  if (!NANO.test(name) || !Number.isSafeInteger(value)) return `${words} ${value}`;
  const digits = String(value).padStart(NANO_PLACES + 1, "0");
  return `${words} ${usd(`${digits.slice(0, -NANO_PLACES)}.${digits.slice(-NANO_PLACES)}`)}`;
}

function markOf(answer: string): "allow" | "deny" | "park" {
  if (answer.startsWith("allow")) return "allow";
  return answer.startsWith("park") ? "park" : "deny";
}

function Legs({ view }: { readonly view: ExplanationView }) {
  return (
    <section>
      <h3>What it drew on</h3>
      <table>
        <thead>
          <tr>
            <th>Budget</th>
            <th class="r">Reserved</th>
            <th class="r">Charged</th>
          </tr>
        </thead>
        <tbody>
          {view.budgets.map((leg) => (
            <tr key={JSON.stringify([leg.budget, leg.scope])}>
              <td>
                {String(leg.budget)}
                <span class="sub">{String(leg.scope)}</span>
              </td>
              <td class="r">{amountIn(leg, "reserved")}</td>
              <td class="r">{amountIn(leg, "charged")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function amountIn(leg: Readonly<Record<string, unknown>>, name: string): string {
  const value = leg[`${name}_${leg.unit}`];
  if (typeof value !== "string") return "";
  return leg.unit === "usd" ? usd(value) : `${value} ${leg.unit}`;
}
