/** A message for ntfy, published as JSON at the root of the server. */
import { shortened } from '../message-text.ts';
import type { Receiver } from '../receiver.ts';
import { type Body, bearer } from './body.ts';

/** ntfy makes an attachment of a longer message, bytes; a character takes four at most. */
const MESSAGE = 4096 / 4;
const PRIORITY = { warning: 4, critical: 5 } as const;

export const ntfy: Body<Receiver & { type: 'ntfy' }> = ({ url, topic, token }, notification, text) => {
  const open = notification.state === 'open' && !notification.acknowledged;
  return {
    url,
    ...bearer(token),
    body: {
      topic,
      title: shortened(text.title, 250),
      message: shortened(text.lines.join('\n'), MESSAGE),
      priority: open ? PRIORITY[notification.severity] : 3,
      tags: [open ? 'warning' : 'white_check_mark'],
    },
  };
};
