/** Panels and the states they can be in: empty, loading, failed. */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import type { Answer } from "../data/cache.ts";
import { refresh } from "../data/cache.ts";
import { useNow } from "../data/hooks.ts";
import { clock, duration, local, moment } from "../words/time.ts";

/** What comes sooner than this needs no sign that it is coming. */
const SKELETON_MS = 300;

export function Panel(props: {
  readonly title: string;
  readonly note?: ComponentChildren;
  readonly push?: ComponentChildren;
  readonly class?: string;
  readonly children?: ComponentChildren;
}) {
  const id = useId();
  return (
    <section class={`panel ${props.class ?? ""}`} aria-labelledby={id}>
      <header>
        <h2 id={id}>{props.title}</h2>
        {props.note !== undefined && <span class="faint">{props.note}</span>}
        {props.push !== undefined && <span class="push">{props.push}</span>}
      </header>
      {props.children}
    </section>
  );
}

export function Empty(props: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <div class="empty">
      <b>{props.title}</b>
      {props.children}
    </div>
  );
}

/** In the shape to come, and only when it takes a while. */
export function Skeleton({ rows = 3 }: { readonly rows?: number }) {
  const [shown, show] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => show(true), SKELETON_MS);
    return () => clearTimeout(timer);
  }, []);
  if (!shown) return <div class="skel" />;
  return (
    <div class="skel" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, row) => (
        <i key={row} />
      ))}
    </div>
  );
}

/** What failed, when, what still holds, and a way to try again. */
export function Failure({
  answer,
  what,
}: {
  readonly answer: Answer<unknown>;
  readonly what: string;
}) {
  const { error } = answer;
  const [at] = useState(() => new Date().toISOString());
  if (error === null) return null;
  return (
    <section class="panel" role="alert">
      <header>
        <h2 class="c-stop">{what} did not answer</h2>
      </header>
      <p class="in muted">
        {error.status === 0 ? "No answer" : error.status} <code>{error.code}</code>, {clock(at)}{" "}
        UTC. {error.message} {error.hint}{" "}
        <button type="button" class="link" onClick={() => refresh(true)}>
          Try again
        </button>
      </p>
    </section>
  );
}

/** What an answer is shown as: itself, its failure, or that it is coming. */
export function Loaded<T>(props: {
  readonly answer: Answer<T>;
  readonly what: string;
  readonly rows?: number;
  readonly children: (value: T) => ComponentChildren;
}) {
  const { answer } = props;
  if (answer.value !== undefined) return <>{props.children(answer.value)}</>;
  if (answer.error !== null) return <Failure answer={answer} what={props.what} />;
  return <Skeleton rows={props.rows ?? 3} />;
}

/** `3 min 38 s`, ticking. */
export function Since({ at }: { readonly at: string }) {
  const now = useNow();
  return <>{duration(now - Date.parse(at))}</>;
}

/** `03:07:42 UTC`, with the reader's own time on hover. */
export function Moment({ at }: { readonly at: string }) {
  const now = useNow();
  return (
    <time dateTime={at} title={local(at)}>
      {moment(at, now)}
    </time>
  );
}

/** One line of a list of facts. */
export function Fact(props: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <>
      <dt>{props.name}</dt>
      <dd>{props.children}</dd>
    </>
  );
}
