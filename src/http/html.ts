/**
 * The frame of every page, and the content security policy of the pages. A page has no script and no style but STYLE, and
 * the policy forbids everything else: a name that is escaped wrongly could still not run as a script.
 */
import { createHash } from 'node:crypto';

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:48rem;padding:0 1rem}' +
  'table{border-collapse:collapse;font-variant-numeric:tabular-nums}th,td{border:1px solid #8888;padding:.1rem .6rem;text-align:left}' +
  ':root{color-scheme:light dark}';

/** For helmet: what pages of `htmlPage` need and nothing else. */
export const PAGE_POLICY = {
  'default-src': ["'none'"],
  'style-src': [`'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`],
  'base-uri': ["'none'"],
  'form-action': ["'self'"],
  'frame-ancestors': ["'none'"],
};

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** `text` for element content and quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/** @param title plain text @param body HTML, with everything foreign escaped already */
export function htmlPage(language: 'en' | 'es', title: string, body: string): string {
  return (
    `<!doctype html>\n<html lang="${language}">\n<head>\n<meta charset="utf-8">\n` +
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n' +
    `<title>${escapeHtml(title)}</title>\n<style>${STYLE}</style>\n</head>\n<body>\n${body}\n</body>\n</html>\n`
  );
}
