import { InvalidInput } from '../errors.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @throws InvalidInput (field body): the body is empty, is not UTF-8 text, or is not JSON */
export function parseJson(body: Uint8Array): unknown {
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    throw new InvalidInput('body', 'the body is not UTF-8 text');
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidInput('body', text.trim() === '' ? 'the body is empty' : 'the body is not JSON');
  }
}
