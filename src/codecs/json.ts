/** The JSON codec. `NaN`, `Infinity` and `-Infinity`, which Python and others write, are null. */
import { bad, type Codec, shown } from './codec.ts';
import { textOf } from './text.ts';

const TOKENS = ['NaN', '-Infinity', 'Infinity'];

/** @throws SyntaxError */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!text.includes('NaN') && !text.includes('Infinity')) throw error;
    return JSON.parse(withoutNaN(text));
  }
}

/** The text with null for each token that is not inside a text. One pass: a message cannot make it take longer. */
function withoutNaN(text: string): string {
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      at = endOfString(text, at);
      continue;
    }
    const token =
      code === 0x4e || code === 0x49 || code === 0x2d
        ? TOKENS.find((candidate) => text.startsWith(candidate, at))
        : undefined;
    if (token === undefined) {
      at++;
      continue;
    }
    parts.push(text.slice(from, at), 'null');
    at += token.length;
    from = at;
  }
  parts.push(text.slice(from));
  return parts.join('');
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x5c) at++;
    else if (code === 0x22) return at + 1;
  }
  return text.length;
}

export const jsonCodec: Codec = {
  decode(bytes) {
    const text = textOf(bytes);
    if (typeof text !== 'string') return text;
    // A device that is gone: the empty payload clears a retained message.
    if (text === '') return { document: null };
    try {
      return { document: parseJson(text) };
    } catch {
      return bad('not-json', `the payload is not JSON: '${shown(text)}'`);
    }
  },
};
