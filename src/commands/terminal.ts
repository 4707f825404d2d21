/** What the commands print besides their results. */
import { SingleBar } from 'cli-progress';

/** A progress bar on standard error; nothing where that is no terminal. */
export function progressBar(what: string): SingleBar {
  return new SingleBar({
    format: `${what} {bar} {percentage}% {value}/{total}`,
    stream: process.stderr,
    noTTYOutput: false,
    hideCursor: true,
  });
}

/** Aligned `name  text` lines. */
export function say(lines: readonly (readonly [name: string, text: string])[]): void {
  for (const [name, text] of lines) console.log(`  ${name.padEnd(10)}${text}`);
}

/** The host part of a URL that reaches a server listening on `host`. */
export function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

/** A URL without its password. */
export function redact(text: string): string {
  const url = new URL(text);
  if (url.password) url.password = '***';
  return url.toString();
}
