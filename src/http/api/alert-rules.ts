/** Alert rules that lie in the store, beside those of ALERT_RULES. */
import { z } from 'zod';
import type { HttpOptions } from '../http-options.ts';
import { RequestRefused } from '../middleware/error-answer.ts';
import { jsonBody, route } from '../route.ts';
import { must } from './fields.ts';

const MAX_RULES = 1000;

const written = z.record(z.string(), z.unknown()).meta({
  description: 'sensor, metric, max, min, rate, hysteresis, for, missing, anomaly, as in ALERT_RULES',
});

const rulesRequest = z.object(
  {
    revision: z
      .int({ error: must('the revision that was read') })
      .min(0, 'must be the revision that was read')
      .meta({ description: 'of the answer that the change is based on' }),
    rules: z
      .array(written, { error: must('a list of rules') })
      .max(MAX_RULES, `must be at most ${MAX_RULES} rules`),
  },
  { error: 'must be an object with revision and rules' },
);

const rulesAnswer = z.object({
  revision: z.int(),
  rules: z.array(written).meta({ description: 'of the store; they go before those of ALERT_RULES' }),
  configured: z.array(written).meta({ description: 'of ALERT_RULES' }),
});

type Options = Pick<HttpOptions, 'storedRules' | 'maxPayload'>;

export const alertRuleRoutes = (options: Options) => [showRules(options), replaceRules(options)];

const showRules = ({ storedRules }: Options) =>
  route({
    method: 'GET',
    path: '/api/alert-rules',
    tag: 'alerts',
    summary: 'The alert rules of the store, and those of ALERT_RULES',
    access: 'viewer',
    answer: rulesAnswer,
    handler: async () => shown(storedRules),
  });

const replaceRules = ({ storedRules, maxPayload }: Options) =>
  route({
    method: 'PUT',
    path: '/api/alert-rules',
    tag: 'alerts',
    summary: 'Replace the alert rules of the store; all replicas follow within a second or two',
    access: 'admin',
    body: jsonBody(rulesRequest, maxPayload),
    answer: rulesAnswer,
    errors: [400, 413, 503],
    async handler({ body: { rules, revision }, note }) {
      if (!(await storedRules.replace(rules, revision))) {
        const message = `somebody else has changed the rules: revision is ${storedRules.revision} now`;
        throw new RequestRefused(400, 'changed_meanwhile', message, { field: 'revision' });
      }
      note(`${rules.length} rules, revision ${storedRules.revision}`);
      return shown(storedRules);
    },
  });

function shown({ revision, stored, configured }: Options['storedRules']): z.output<typeof rulesAnswer> {
  return {
    revision,
    rules: [...stored] as Record<string, unknown>[],
    configured: [...configured] as Record<string, unknown>[],
  };
}
