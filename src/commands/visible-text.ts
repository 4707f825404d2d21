/**
 * What a terminal can be made to do by characters in a text: move the cursor, change colours and titles, write backwards,
 * hide. Names, topics and payloads come from anybody who may publish, so all output of the commands goes through here.
 */

// biome-ignore-all lint/suspicious/noControlCharactersInRegex: control characters are what it looks for

/** Control characters but line feed and tab, bidirectional marks and overrides, characters without width, halves of pairs. */
const HIDDEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\p{Cs}/gu;

/** The text with such characters written as in JSON, so that JSON stays JSON. */
export function visibleText(text: string): string {
  return text.replace(HIDDEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** From now on nothing that the console prints reaches the terminal as it is. */
export function showOnlyVisibleText(target: Console = console): void {
  for (const method of ['log', 'error', 'warn', 'info'] as const) {
    const print = target[method].bind(target);
    target[method] = (...parts: unknown[]) =>
      print(...parts.map((part) => (typeof part === 'string' ? visibleText(part) : part)));
  }
}
