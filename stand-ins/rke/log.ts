/** Logrus' text format without a terminal, on standard output, as RKE prints it. */
export type Level = "info" | "warning" | "error" | "fatal";

export interface Log {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
  fatal(message: string): void;
}

/** Logrus leaves a value unquoted when it holds nothing but these characters. */
const PLAIN = /^[a-zA-Z0-9\-._/@^+]+$/;

function quoted(value: string): string {
  return PLAIN.test(value) ? value : JSON.stringify(value);
}

export function logLine(at: Date, level: Level, message: string): string {
  const seconds = `${at.toISOString().slice(0, 19)}Z`;
  return `time="${seconds}" level=${level} msg=${quoted(message)}`;
}

export function makeLog(write: (line: string) => void, now: () => Date = () => new Date()): Log {
  const at = (level: Level) => (message: string) => write(logLine(now(), level, message));
  return { info: at("info"), warn: at("warning"), error: at("error"), fatal: at("fatal") };
}
