/** What stands around every page: the rail, the top bar, and what floats above them. */

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { ReviewRowView } from "../../src/control/schemas/reviews.ts";
import { useApi } from "../data/cache.ts";
import { useLive, useNow } from "../data/hooks.ts";
import { live } from "../data/live.ts";
import { OPEN_REVIEWS } from "../data/paths.ts";
import { Icon, Mark, Patterns } from "../parts/icons.tsx";
import { Key } from "../parts/key.tsx";
import { clock, duration } from "../words/time.ts";
import { Announcer } from "./announcer.tsx";
import { Find } from "./find.tsx";
import { Foot } from "./foot.tsx";
import { Help } from "./help.tsx";
import { useKeys, useLeader } from "./keys.ts";
import { More } from "./more.tsx";
import { go, Link } from "./router.tsx";
import { useSession } from "./session.tsx";
import { Toasts } from "./toasts.tsx";

export type Section = "overview" | "reviews" | "budgets" | "incidents" | "journal";

const SECTIONS: readonly { name: Section; word: string; path: string; phone: boolean }[] = [
  { name: "overview", word: "Overview", path: "/", phone: true },
  { name: "reviews", word: "Reviews", path: "/reviews", phone: true },
  { name: "budgets", word: "Budgets", path: "/budgets", phone: true },
  { name: "incidents", word: "Incidents", path: "/incidents", phone: true },
  { name: "journal", word: "Journal", path: "/journal", phone: false },
];

export interface Crumb {
  readonly word: string;
  readonly path: string;
}

type Floating = "find" | "help" | "more" | null;

/** The frame of a page; `focus` hides the tabs of a phone, where a decision is pinned instead. */
export function Shell(props: {
  readonly section: Section;
  /** What is above this page; empty: it is one of the rail's own. */
  readonly above: readonly Crumb[];
  readonly title: string;
  readonly focus?: boolean;
  readonly signOut: () => Promise<void>;
  readonly children: ComponentChildren;
}) {
  const { above, focus, section, title } = props;
  const [floating, float] = useState<Floating>(null);
  useEffect(() => {
    document.title = `${title} · Slipclutch`;
  }, [title]);
  useLeader();
  useKeys({
    "/": () => float("find"),
    "?": () => float("help"),
    "g o": () => go("/"),
    "g r": () => go("/reviews"),
    "g b": () => go("/budgets"),
    "g i": () => go("/incidents"),
    "g j": () => go("/journal"),
  });
  const close = () => float(null);
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <Patterns />
      <div class={focus ? "app focusmode" : "app"}>
        <Rail section={section} more={() => float("more")} />
        <div>
          <Top above={above} title={title} float={float} />
          <main id="main" tabIndex={-1}>
            <NotLive />
            {props.children}
          </main>
        </div>
      </div>
      <Announcer />
      <Toasts />
      {floating === "find" && <Find close={close} />}
      {floating === "help" && <Help close={close} />}
      {floating === "more" && <More close={close} signOut={props.signOut} />}
    </>
  );
}

function Rail({ more, section }: { readonly section: Section; readonly more: () => void }) {
  const waiting = useApi<readonly ReviewRowView[]>(OPEN_REVIEWS).value?.length ?? 0;
  return (
    <nav class="rail" aria-label="Main">
      <Link class="brand" to="/" label="Slipclutch, overview">
        <Mark />
        <span>Slipclutch</span>
      </Link>
      <ul>
        {SECTIONS.map(({ name, path, phone, word }) => (
          <li key={name} class={phone ? "" : "more-only"}>
            <Link to={path} current={name === section}>
              <Icon name={name} />
              {word}
              {name === "reviews" && waiting > 0 && (
                <span class="n">
                  {waiting}
                  <span class="sr"> waiting</span>
                </span>
              )}
            </Link>
          </li>
        ))}
        <li class="phone">
          <button type="button" onClick={more}>
            <Icon name="more" />
            More
          </button>
        </li>
      </ul>
      <Foot />
    </nav>
  );
}

function Top(props: {
  readonly above: readonly Crumb[];
  readonly title: string;
  readonly float: (what: Floating) => void;
}) {
  const { above, float, title } = props;
  const { name, role } = useSession();
  const parent = above.at(-1);
  return (
    <header class="top">
      <nav class={parent === undefined ? "crumbs" : "crumbs deep"} aria-label="Where you are">
        {parent !== undefined && (
          <Link class="back" to={parent.path} label={`Back to ${parent.word}`}>
            <Icon name="back" />
            {parent.word}
          </Link>
        )}
        {above.map(({ path, word }) => (
          <>
            <Link key={path} to={path}>
              {word}
            </Link>
            <span class="faint">/</span>
          </>
        ))}
        <span aria-current="page">{title}</span>
      </nav>
      <span class="push" />
      <button
        type="button"
        class="find"
        aria-label="Find agent, task, decision"
        onClick={() => float("find")}
      >
        <Icon name="find" />
        <span>Find agent, task, decision</span>
        <Key>/</Key>
      </button>
      <LiveMark />
      <button
        type="button"
        class="who"
        aria-label={`${name.slice(0, 2)}, signed in as ${name}, ${role}`}
        onClick={() => float("more")}
      >
        {name.slice(0, 2)}
      </button>
    </header>
  );
}

function LiveMark() {
  const { state } = useLive();
  if (state === "starting") return <span class="live off">Connecting</span>;
  return (
    <span class={state === "live" ? "live" : "live off"}>
      {state === "live" ? "Live" : "Not live"}
    </span>
  );
}

/** Numbers stay, and it is said from when they are. */
function NotLive() {
  const liveness = useLive();
  const now = useNow();
  const lost = liveness.state === "lost" ? liveness : null;
  useEffect(() => {
    document.documentElement.toggleAttribute("data-stale", lost !== null);
  }, [lost]);
  if (lost === null) return null;
  const since = new Date(lost.since).toISOString();
  const retryMs = lost.retryAt - Date.now();
  return (
    <div class="banner wait" role="status">
      <b>
        Not live since {clock(since)} UTC, {duration(now - lost.since)} ago.
      </b>
      <span>
        Numbers below are from then. Trying again{" "}
        {retryMs > 0 ? `in ${duration(retryMs + 999)}` : "now"}.
      </span>
      <button type="button" class="btn" onClick={() => live.retry()}>
        Try now
      </button>
    </div>
  );
}
