/** A message of a Telegram bot. It is plain text: no `parse_mode`, so nothing in a name is markup. */
import { shortened } from '../message-text.ts';
import type { Receiver } from '../receiver.ts';
import type { Body } from './body.ts';

/** Longest text, characters. */
const TEXT = 4096;

export const telegram: Body<Receiver & { type: 'telegram' }> = (
  { url, token, chat },
  { state },
  { title, lines },
) => ({
  url: `${url.replace(/\/$/, '')}/bot${token}/sendMessage`,
  body: {
    chat_id: chat,
    text: shortened([title, ...lines].join('\n'), TEXT),
    link_preview_options: { is_disabled: true },
    disable_notification: state !== 'open',
  },
});
