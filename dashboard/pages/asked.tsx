/** The call that asks for an approval: what is approved is this and nothing else. */
import type { ReviewView } from "../../src/control/schemas/reviews.ts";
import { Fact, Panel } from "../parts/panels.tsx";
import { taskPath } from "../shell/paths.ts";
import { Link } from "../shell/router.tsx";
import { evidenceText, isOfModel, lastSaid, reasonsOf, requestFacts } from "../words/evidence.ts";
import { bytes } from "../words/numbers.ts";

/** What scrolls has to be reached by keyboard. */
const SCROLLS = { tabIndex: 0 } as const;

interface Of {
  readonly review: ReviewView;
}

export function Asked({ review }: Of) {
  return (
    <>
      <Reasons review={review} />
      {isOfModel(review) ? <OfModel review={review} /> : <OfTool review={review} />}
    </>
  );
}

/** In the words of the policies: whoever wrote them knew what to look for. */
function Reasons({ review }: Of) {
  const reasons = reasonsOf(review);
  if (reasons.length === 0) return null;
  return (
    <Panel title="Why a person is asked" note="by policy">
      <ul class="in because">
        {reasons.map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
      </ul>
    </Panel>
  );
}

function OfTool({ review }: Of) {
  const tool = evidenceText(review, "tool");
  const before = argumentsIn(review, "arguments_before");
  return (
    <Panel title="It asks to run" note={`${sizeOf(review)} of arguments`}>
      <dl class="kv wide">
        <Fact name="Tool">
          <code>{`${evidenceText(review, "server")} / ${tool}`}</code>
        </Fact>
        <Bound review={review} />
      </dl>
      <Given label={`Arguments of ${tool}`} review={review} />
      {before !== "" && (
        <>
          <p class="in muted pad-top">A person has changed them. Its agent asked:</p>
          <Text label={`Arguments that its agent asked ${tool} with`} text={before} />
        </>
      )}
    </Panel>
  );
}

function OfModel({ review }: Of) {
  const model = evidenceText(review, "model");
  const last = lastSaid(review);
  return (
    <Panel title="It asks a model" note={`a request of ${sizeOf(review)}`}>
      <dl class="kv wide">
        <Fact name="Model">
          <code>{model}</code>
        </Fact>
        {requestFacts(review).map(([name, says]) => (
          <Fact key={name} name={name}>
            {says}
          </Fact>
        ))}
        <Bound review={review} />
      </dl>
      {last !== null && (
        <>
          <p class="in muted caption">Its last message{last.role && `, of the ${last.role}`}:</p>
          <Text label="The last message" text={last.text} prose />
          <p class="in muted caption">The whole request:</p>
        </>
      )}
      <Given label={`The request to ${model}`} review={review} />
    </Panel>
  );
}

function Bound({ review }: Of) {
  const task = evidenceText(review, "task");
  return (
    <>
      <Fact name="Task">
        <Link to={taskPath(review.agent, task)}>{task}</Link>
      </Fact>
      <Fact name="What the approval is bound to">
        <code class="hash">{evidenceText(review, "binding")}</code>
      </Fact>
    </>
  );
}

/** What is too long to be kept whole is text. */
function Given({ label, review }: Of & { readonly label: string }) {
  const isCut = typeof Object(review.evidence).arguments === "string";
  return (
    <>
      <Text label={label} text={argumentsIn(review, "arguments")} />
      {isCut && (
        <p class="in muted caption">
          It is too long to be shown whole. The approval is of all of it, to its last byte.
        </p>
      )}
    </>
  );
}

function Text(props: { readonly label: string; readonly text: string; readonly prose?: boolean }) {
  return (
    <section class="scrolls" aria-label={props.label} {...SCROLLS}>
      <pre class={props.prose ? "prose" : ""}>
        <span>{props.text}</span>
      </pre>
    </section>
  );
}

function sizeOf(review: ReviewView): string {
  return bytes(Number(evidenceText(review, "arguments_bytes")));
}

/** "": there are none of that name. */
function argumentsIn({ evidence }: ReviewView, name: "arguments" | "arguments_before"): string {
  const given: unknown = Object(evidence)[name];
  if (given === undefined) return "";
  return typeof given === "string" ? given : JSON.stringify(given, null, 2);
}
