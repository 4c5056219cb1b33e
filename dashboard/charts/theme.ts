/** Colours for a canvas, which knows no variables: read once for each theme. */

export interface Theme {
  readonly font: string;
  readonly bar: string;
  readonly stop: string;
  readonly stopBand: string;
  readonly stopText: string;
  readonly wait: string;
  readonly waitBand: string;
  readonly waitText: string;
  readonly ink: string;
  readonly faint: string;
  readonly grid: string;
}

export function themeOf(): Theme {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(name).trim();
  return {
    font: `12px ${of("--font")}`,
    bar: of("--data-2"),
    stop: of("--stop-fill"),
    stopBand: of("--stop-tint"),
    stopText: of("--stop"),
    wait: of("--wait-fill"),
    waitBand: of("--wait-tint"),
    waitText: of("--wait"),
    ink: of("--ink"),
    faint: of("--faint"),
    grid: of("--line"),
  };
}

/** Told when the system or the person changes between light and dark. */
export function watchTheme(changed: () => void): () => void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", changed);
  const chosen = new MutationObserver(changed);
  chosen.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  return () => {
    system.removeEventListener("change", changed);
    chosen.disconnect();
  };
}
