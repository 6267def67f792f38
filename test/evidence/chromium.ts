import { findProgram } from "../../lab/machine/packages";

/** As much of playwright-core as tests here use. */
export interface Page {
  goto(url: string): Promise<unknown>;
  setViewportSize(size: { width: number; height: number }): Promise<void>;
  emulateMedia(media: { colorScheme: "light" | "dark" }): Promise<void>;
  /** A function without named functions in it (tsx gives these a helper that the browser lacks), or an expression. */
  evaluate<T>(work: (() => T) | string): Promise<T>;
  waitForFunction(work: (() => unknown) | string): Promise<unknown>;
  textContent(selector: string): Promise<string | null>;
  screenshot(options: { path: string; fullPage: boolean }): Promise<unknown>;
  on(event: "pageerror" | "console" | "request", told: (what: { toString(): string; url(): string }) => void): void;
  close(): Promise<void>;
}
export interface Browser {
  newPage(): Promise<Page>;
  close(): Promise<void>;
}

/** The chromium of this machine, and the package that drives it; or the reason why a page can't be looked at here. */
export function chromium(): { path: string; launch(program?: string): Promise<Browser> } | { reason: string } {
  const path = findProgram("chromium");
  if (path === undefined) return { reason: "no chromium on PATH: apt-get install chromium" };
  try {
    const { chromium: driver } = require("playwright-core");
    return {
      path,
      // root's chromium has no sandbox of its own; it sees pages of these tests alone
      launch: (program = path) => driver.launch({ executablePath: program, args: ["--no-sandbox", "--disable-gpu"] }),
    };
  } catch {
    return { reason: "playwright-core isn't installed: npm ci" };
  }
}
