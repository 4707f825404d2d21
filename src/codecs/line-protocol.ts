/**
 * The codec of InfluxDB line protocol: `measurement,tag=x field=1.5,other=2i 1700000000000000000`. The document is a list of
 * `{name, tags, fields, timestamp}`, as Telegraf's JSON has them; the timestamp is a text of digits, because nanoseconds do
 * not fit into a double.
 */
import { bad, type Codec, shown } from './codec.ts';
import { textOf } from './text.ts';

export interface Line {
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, number | boolean | string>>;
  readonly timestamp?: string;
}

/** What is wrong with a line. */
class NotLineProtocol extends Error {}

/** Reads one line from left to right. */
class LineReader {
  private at = 0;

  constructor(private readonly text: string) {}

  /** @throws NotLineProtocol */
  read(): Line {
    const name = this.word(', ', ', ');
    if (name === '') throw new NotLineProtocol('the measurement has no name');
    const tags: [string, string][] = [];
    while (this.next() === ',') {
      this.at++;
      const key = this.key();
      tags.push([key, this.word(', ', ',= ')]);
    }
    this.blanks();
    const fields = [this.field()];
    while (this.next() === ',') {
      this.at++;
      fields.push(this.field());
    }
    this.blanks();
    const rest = this.text.slice(this.at);
    if (rest !== '' && !/^-?\d{1,19}$/.test(rest)) throw new NotLineProtocol(`'${shown(rest)}' is no time`);
    return {
      name,
      tags: Object.fromEntries(tags),
      fields: Object.fromEntries(fields),
      ...(rest !== '' && { timestamp: rest }),
    };
  }

  private next(): string {
    return this.text.charAt(this.at);
  }

  private blanks(): void {
    while (this.next() === ' ') this.at++;
  }

  private key(): string {
    const key = this.word('=', ',= ');
    if (key === '' || this.next() !== '=') throw new NotLineProtocol('a tag or field has no =');
    this.at++;
    return key;
  }

  /** Up to one of `ends`; a backslash before one of `escapable` belongs to the name. */
  private word(ends: string, escapable: string): string {
    let word = '';
    for (; this.at < this.text.length; this.at++) {
      let char = this.text[this.at]!;
      if (char === '\\' && escapable.includes(this.text.charAt(this.at + 1) || '\n')) {
        char = this.text[++this.at]!;
      } else if (ends.includes(char)) break;
      word += char;
    }
    return word;
  }

  private field(): [string, number | boolean | string] {
    const key = this.key();
    if (this.next() === '"') return [key, this.quoted()];
    const text = this.word(', ', '');
    const [, digits, suffix] = /^([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?)([iu]?)$/i.exec(text) ?? [];
    if (digits !== undefined && (suffix === '' || /^[+-]?\d+$/.test(digits))) return [key, Number(digits)];
    if (/^(t|true)$/i.test(text)) return [key, true];
    if (/^(f|false)$/i.test(text)) return [key, false];
    throw new NotLineProtocol(`the field ${shown(key)} has no value: '${shown(text)}'`);
  }

  private quoted(): string {
    let text = '';
    for (this.at++; this.at < this.text.length; this.at++) {
      const char = this.text[this.at]!;
      if (char === '"') {
        this.at++;
        return text;
      }
      text += char === '\\' && /["\\]/.test(this.text.charAt(this.at + 1)) ? this.text[++this.at] : char;
    }
    throw new NotLineProtocol('a text has no end');
  }
}

/** Every line; null in the place of one that is not of this protocol. A text in quotes may hold a line break. */
export function parseLines(text: string): (Line | { readonly wrong: string })[] {
  return splitLines(text)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      try {
        return new LineReader(line).read();
      } catch (error) {
        if (!(error instanceof NotLineProtocol)) throw error;
        return { wrong: error.message };
      }
    });
}

function splitLines(text: string): string[] {
  if (!text.includes('"')) return text.split('\n');
  const lines: string[] = [];
  let from = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '\\') at++;
    else if (char === '"') quoted = !quoted;
    else if (char === '\n' && !quoted) {
      lines.push(text.slice(from, at));
      from = at + 1;
    }
  }
  lines.push(text.slice(from));
  return lines;
}

/** Whether a JSON document is what Telegraf writes: one metric, or a list of them under `metrics`. */
export function isTelegraf(document: unknown): boolean {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return false;
  if ('metrics' in document && Array.isArray(document.metrics)) return document.metrics.every(isTelegraf);
  return (
    Object.keys(document).length >= 3 &&
    'fields' in document &&
    typeof document.fields === 'object' &&
    'name' in document &&
    typeof document.name === 'string' &&
    'tags' in document &&
    typeof document.tags === 'object'
  );
}

/** Whether a text is of this protocol, from its first line to the last. */
export function isLineProtocol(text: string): boolean {
  if (!/^[^\s"{[]\S* \S/.test(text) || !text.includes('=')) return false;
  const lines = parseLines(text);
  return lines.length > 0 && lines.every((line) => !('wrong' in line));
}

export const lineProtocolCodec: Codec = {
  decode(bytes, { maxReadings }) {
    const text = textOf(bytes);
    if (typeof text !== 'string') return text;
    if (text === '') return { document: null };
    const lines = parseLines(text);
    if (lines.length > maxReadings) {
      return bad('bad-payload', `${lines.length} lines in one message, at most ${maxReadings}`);
    }
    const [first] = lines;
    if (first && lines.every((line) => 'wrong' in line) && 'wrong' in first) {
      return bad('not-line-protocol', `the payload is not line protocol: ${first.wrong}`);
    }
    // A bad line among good ones stands as a text, which becomes a dead letter of its own.
    return { document: lines.map((line) => ('wrong' in line ? line.wrong : line)), form: 'metrics' };
  },
};
