/** A message for an incoming webhook of Slack: `text` for the notification, blocks for the channel. */
import { shortened } from '../message-text.ts';
import type { Body } from './body.ts';

/** Largest text of a header and of a section, characters. */
const HEADER = 150;
const SECTION = 3000;
/** Longest text of the notification, characters. */
const TEXT = 4000;

export const slack: Body<{ readonly url: string }> = ({ url }, _n, { title, lines }) => ({
  url,
  body: {
    text: shortened(escaped(title), TEXT),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: shortened(title, HEADER), emoji: false } },
      { type: 'section', text: { type: 'mrkdwn', text: shortened(escaped(lines.join('\n')), SECTION) } },
    ],
  },
});

/** The three characters that Slack reads as markup of its own, such as `<!channel>`. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
