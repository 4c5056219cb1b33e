/** The system's Chromium, driven by playwright-core, for the dashboard's suites. */
import fs from "node:fs";
import { type Browser, chromium } from "playwright-core";

const PROGRAMS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Null: this machine has none. */
export function chromiumProgram(): string | null {
  return PROGRAMS.find((program) => fs.existsSync(program)) ?? null;
}

/** A fresh browser with a profile of its own that asks nothing of the network by itself. */
export function launchBrowser(): Promise<Browser> {
  const executablePath = chromiumProgram();
  if (executablePath === null) throw new Error("There is no Chromium on this machine.");
  return chromium.launch({
    executablePath,
    args: [
      ...["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"],
      ...["--disable-component-update", "--disable-sync", "--font-render-hinting=none"],
    ],
  });
}
