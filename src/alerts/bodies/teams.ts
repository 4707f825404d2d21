/** An Adaptive Card for a Teams workflow (`When a Teams webhook request is received`). */

import type { Body } from './body.ts';

export const teams: Body<{ readonly url: string }> = ({ url }, notification, { title, lines }) => ({
  url,
  body: {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.2',
          body: [
            {
              type: 'TextBlock',
              size: 'Medium',
              weight: 'Bolder',
              color:
                notification.state !== 'open'
                  ? 'Good'
                  : notification.severity === 'critical'
                    ? 'Attention'
                    : 'Warning',
              text: escaped(title),
              wrap: true,
            },
            ...lines.map((line) => ({
              type: 'TextBlock',
              text: escaped(line),
              wrap: true,
              spacing: 'Small',
            })),
          ],
        },
      },
    ],
  },
});

/** Text blocks read some Markdown. */
function escaped(text: string): string {
  return text.replaceAll(/[\\*_[\]]/g, (character) => `\\${character}`);
}
