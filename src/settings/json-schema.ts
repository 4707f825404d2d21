/** JSON Schema (2020-12) of the configuration file, for editors; docs/config.schema.json is what `vigia config schema` prints. */
import { z } from 'zod';
import { SETTINGS } from './sections.ts';

const STRUCTURED = {
  list: { type: 'array', items: { type: 'string' } },
  map: { type: 'object', additionalProperties: { type: 'string' } },
  rules: { type: 'array', items: { type: 'object' } },
  sources: { type: 'array', items: { type: 'object' } },
} as const;

/** The file may give a number for a text, which is taken as it is written: `mqtt_username: 007`. */
const TEXT = { type: ['string', 'number'] };

/** The file may say true and false for yes and no. */
const inYaml = (options: readonly unknown[]) =>
  options.includes('yes') ? [...options, true, false] : options;

export function configSchema(): object {
  const properties: Record<string, object> = {};
  for (const [name, { schema, help, fallback, shape, fileKey }] of Object.entries(SETTINGS)) {
    const key = fileKey ?? name.toLowerCase();
    const one =
      schema instanceof z.ZodEnum ? { enum: inYaml(schema.options) } : (schema.meta()?.file ?? TEXT);
    properties[key] = {
      description: help,
      ...(shape === undefined ? one : { anyOf: [STRUCTURED[shape], { type: 'string' }] }),
      ...(fallback !== undefined && { default: fallback }),
    };
    properties[`${key}_file`] = { description: `file that holds ${key}: ${help}`, type: 'string' };
  }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Vigía configuration',
    type: 'object',
    properties,
    additionalProperties: false,
  };
}
