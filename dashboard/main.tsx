/** The dashboard: a door, and behind it the page that the address names. */
import { render } from "preact";
import { startTicking } from "./data/hooks.ts";
import { watchClock } from "./data/live.ts";
import { Agent } from "./pages/agent.tsx";
import { Budgets } from "./pages/budgets.tsx";
import { Incident } from "./pages/incident.tsx";
import { Incidents } from "./pages/incidents.tsx";
import { Journal } from "./pages/journal.tsx";
import { Overview } from "./pages/overview.tsx";
import { Review } from "./pages/review.tsx";
import { Reviews } from "./pages/reviews.tsx";
import { SignIn } from "./pages/sign-in.tsx";
import { Task } from "./pages/task.tsx";
import { Empty } from "./parts/panels.tsx";
import { applyTheme } from "./shell/more.tsx";
import { agentPath, type Page, pageOf } from "./shell/paths.ts";
import { go, Link, usePlace } from "./shell/router.tsx";
import { type Door, SessionContext, useDoor } from "./shell/session.tsx";
import { type Crumb, type Section, Shell } from "./shell/shell.tsx";

function App() {
  const door = useDoor();
  const { pathname } = usePlace();
  switch (door.standing.state) {
    case "asking":
      return null;
    case "unreachable":
      return <Unreachable door={door} />;
    case "out":
      return <SignIn signIn={door.signIn} />;
    case "in": {
      const page = pageOf(pathname);
      return (
        <SessionContext.Provider value={door.standing.session}>
          <Behind page={page} door={door} />
        </SessionContext.Provider>
      );
    }
  }
}

function Unreachable({ door }: { readonly door: Door }) {
  const error = door.standing.state === "unreachable" ? door.standing.error : null;
  return (
    <main class="door">
      <div>
        <h1>The gateway does not answer</h1>
        <p class="muted">
          {error?.message} {error?.hint}
        </p>
        <button type="button" class="btn main" onClick={door.again}>
          Try again
        </button>
      </div>
    </main>
  );
}

interface Frame {
  readonly section: Section;
  readonly above: readonly Crumb[];
  readonly title: string;
  readonly focus?: boolean;
}

const OVERVIEW: Crumb = { word: "Overview", path: "/" };

function frameOf(page: Page): Frame {
  switch (page.name) {
    case "review":
      return {
        section: "reviews",
        above: [{ word: "Reviews", path: "/reviews" }],
        title: page.id,
        focus: true,
      };
    case "agent":
      return { section: "overview", above: [OVERVIEW], title: page.id };
    case "task":
      return {
        section: "overview",
        above: [OVERVIEW, { word: page.id, path: agentPath(page.id) }],
        title: page.task,
      };
    case "incident":
      return {
        section: "incidents",
        above: [{ word: "Incidents", path: "/incidents" }],
        title: page.id,
      };
    case "sign-in":
    case "overview":
      return { section: "overview", above: [], title: "Overview" };
    case "unknown":
      return { section: "overview", above: [OVERVIEW], title: "Not found" };
    default:
      return { section: page.name, above: [], title: capital(page.name) };
  }
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

function Behind({ door, page }: { readonly door: Door; readonly page: Page }) {
  // Signed in already: there is nothing to sign in to.
  if (page.name === "sign-in") queueMicrotask(() => go("/", "replace"));
  return (
    <Shell {...frameOf(page)} signOut={door.signOut}>
      <Content page={page} />
    </Shell>
  );
}

function Content({ page }: { readonly page: Page }) {
  switch (page.name) {
    case "overview":
    case "sign-in":
      return <Overview />;
    case "reviews":
      return <Reviews />;
    case "review":
      return <Review key={page.id} id={page.id} />;
    case "budgets":
      return <Budgets />;
    case "journal":
      return <Journal />;
    case "incidents":
      return <Incidents />;
    case "incident":
      return <Incident key={page.id} id={page.id} />;
    case "agent":
      return <Agent key={page.id} agent={page.id} />;
    case "task":
      return <Task key={`${page.id}/${page.task}`} agent={page.id} task={page.task} />;
    default:
      return (
        <section class="panel">
          <h1 class="sr">Not found</h1>
          <Empty title="There is no such page">
            <Link to="/">To the overview</Link>
          </Empty>
        </section>
      );
  }
}

applyTheme();
watchClock();
startTicking();
const place = document.getElementById("app");
if (place !== null) render(<App />, place);
