/** Colours for a canvas, which knows no variables: read once for each theme. */

export interface Theme {
  readonly font: string;
  readonly bar: string;
  readonly hot: string;
  readonly band: string;
  readonly wait: string;
  readonly waitGround: string;
  readonly ink: string;
  readonly faint: string;
  readonly grid: string;
  readonly stopText: string;
}

export function themeOf(): Theme {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(name).trim();
  return {
    font: `12px ${of("--font")}`,
    bar: of("--data-2"),
    hot: of("--stop-fill"),
    band: of("--stop-tint"),
    wait: of("--wait-fill"),
    waitGround: of("--wait-tint"),
    ink: of("--ink"),
    faint: of("--faint"),
    grid: of("--line"),
    stopText: of("--stop"),
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

const STEP = 5;

/** Hatched: it means parked, also to who sees no colour. */
export function hatch(context: CanvasRenderingContext2D, theme: Theme): CanvasPattern | string {
  const size = Math.round(STEP * devicePixelRatio);
  const tile = new OffscreenCanvas(size, size);
  const pen = tile.getContext("2d");
  if (pen === null) return theme.wait;
  pen.fillStyle = theme.waitGround;
  pen.fillRect(0, 0, size, size);
  pen.strokeStyle = theme.wait;
  pen.lineWidth = size / 2.4;
  pen.beginPath();
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift, size);
    pen.lineTo(shift + size, 0);
  }
  pen.stroke();
  return context.createPattern(tile, "repeat") ?? theme.wait;
}
