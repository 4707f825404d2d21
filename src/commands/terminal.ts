/** What the commands print beside their results, and how they ask a person. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { SingleBar } from 'cli-progress';
import { visibleText } from './visible-text.ts';

/** A progress bar on standard error. Where standard error is no terminal, nothing is shown. */
export function progressBar(what: string): SingleBar {
  return new SingleBar({
    format: `${what} {bar} {percentage}% {value}/{total}, {eta_formatted} left`,
    stream: process.stderr,
    noTTYOutput: false,
    hideCursor: true,
  });
}

/** Aligned `name  text` lines. */
export function say(lines: readonly (readonly [name: string, text: string])[]): void {
  for (const [name, text] of lines) console.log(`  ${name.padEnd(10)}${text}`);
}

/** The host in a URL that reaches a server which listens on `host`. */
export function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

/** Reads one line from standard input. A terminal does not show what is typed. */
export function askSecret(question: string): Promise<string> {
  process.stderr.write(visibleText(question));
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  return readLine(silent).finally(() => process.stderr.write('\n'));
}

/** Reads one line from standard input. */
export function ask(question: string): Promise<string> {
  process.stderr.write(visibleText(question));
  return readLine(process.stderr);
}

async function readLine(output: NodeJS.WritableStream): Promise<string> {
  const terminal = process.stdin.isTTY === true;
  const lines = createInterface({ input: process.stdin, output, terminal });
  try {
    for await (const line of lines) return line;
    return '';
  } finally {
    lines.close();
  }
}
