/**
 * Reads query parameters strictly. The usual parsers turn broken percent-encoding into other text, and repeated parameters
 * into arrays. This reader reports both, so that a reading is never stored under a name that nobody sent.
 */
import type { Request } from 'express';

export type QueryParameter =
  | { readonly kind: 'absent' }
  | { readonly kind: 'value'; readonly text: string }
  | { readonly kind: 'repeated' }
  /** Its percent-encoding is not UTF-8 text. */
  | { readonly kind: 'malformed' };

/** The parameter of this name in the request's URL. */
export function queryParameter(request: Request, name: string): QueryParameter {
  const url = request.originalUrl;
  const start = url.indexOf('?');
  if (start < 0) return { kind: 'absent' };
  let found: QueryParameter = { kind: 'absent' };
  for (const pair of url.slice(start + 1).split('&')) {
    const equals = pair.indexOf('=');
    if (decode(equals < 0 ? pair : pair.slice(0, equals)) !== name) continue;
    if (found.kind !== 'absent') return { kind: 'repeated' };
    const text = equals < 0 ? '' : decode(pair.slice(equals + 1));
    found = text === null ? { kind: 'malformed' } : { kind: 'value', text };
  }
  return found;
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return null;
  }
}
