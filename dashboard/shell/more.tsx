/** Who is signed in, how it looks, and on a phone what has no tab of its own. */
import { useEffect } from "preact/hooks";
import { useKept } from "../data/hooks.ts";
import { Dialog } from "../parts/dialog.tsx";
import { Icon } from "../parts/icons.tsx";
import { Foot } from "./foot.tsx";
import { Link } from "./router.tsx";
import { useSession } from "./session.tsx";

const THEMES = ["system", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];
const THEME = "slipclutch.theme";

/** As it was chosen here before; the system's own otherwise. */
export function applyTheme(theme: string | null = localStorage.getItem(THEME)): void {
  const { dataset } = document.documentElement;
  if (theme === "light" || theme === "dark") dataset.theme = theme;
  else delete dataset.theme;
}

export function More(props: { readonly close: () => void; readonly signOut: () => Promise<void> }) {
  const { name, role } = useSession();
  const [theme, keepTheme] = useKept<Theme>(THEME, "system");
  useEffect(() => applyTheme(theme), [theme]);
  return (
    <Dialog title={name} close={props.close}>
      <div class="in more-list">
        <p class="muted">Signed in as {role}.</p>
        <p class="narrow-only">
          <Link class="btn" to="/journal">
            <Icon name="journal" />
            Journal
          </Link>
        </p>
        <fieldset class="themes">
          <legend>Colours</legend>
          {THEMES.map((one) => (
            <label key={one} class={theme === one ? "chip on" : "chip"}>
              <input
                type="radio"
                name="theme"
                class="sr"
                checked={theme === one}
                onChange={() => keepTheme(one)}
              />
              {one}
            </label>
          ))}
        </fieldset>
        <Foot />
        <button type="button" class="btn" onClick={() => void props.signOut()}>
          Sign out
        </button>
      </div>
    </Dialog>
  );
}
