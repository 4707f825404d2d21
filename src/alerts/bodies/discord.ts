/** A message for a webhook of Discord. Nobody is mentioned, whatever a sensor is called. */
import { shortened } from '../message-text.ts';
import { type Body, colourOf } from './body.ts';

/** Largest title and description of an embed, characters. */
const TITLE = 256;
const DESCRIPTION = 4096;

export const discord: Body<{ readonly url: string }> = ({ url }, notification, { title, lines }) => ({
  url,
  body: {
    allowed_mentions: { parse: [] },
    embeds: [
      {
        title: shortened(title, TITLE),
        description: shortened(lines.join('\n'), DESCRIPTION),
        color: colourOf(notification, notification.severity),
        timestamp: notification.time,
      },
    ],
  },
});
