/** The queries of the legacy routes. What is wrong with a parameter is said in one Spanish sentence that names it. */
import { z } from 'zod';
import { parseDecimal } from '../../domain/decimal.ts';
import { nameProblem } from '../../domain/name.ts';
import type { QueryWording } from '../read-query.ts';

const DEFAULT_LIMIT = 1_000;
const MAX_LIMIT = 100_000;

export const inSpanish: QueryWording = {
  repeated: (name) => `El parámetro ${name} debe aparecer una sola vez.`,
  malformed: (name) => `El parámetro ${name} no está bien codificado en la URL.`,
  invalid: (_name, sentence) => sentence,
};

/** What Python's float() takes, without nan, infinity and digit separators. Adding 0 turns -0 into 0: equal, but not the same to every store. */
const dato = z
  .string({ error: 'Falta el parámetro dato, por ejemplo ?dato=21.5.' })
  .transform((text, context) => {
    const value = parseDecimal(text.trim());
    if (value !== null && Number.isFinite(value)) return value + 0;
    const message = 'El parámetro dato debe ser un número finito, por ejemplo 21.5.';
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  })
  .meta({ description: 'the value, a finite number', example: '21.5' });

export const DEFAULT_SENSOR = 'manual';

const name = (parameter: 'sensor' | 'metric', maxNameBytes: number) =>
  z
    .string()
    .refine(
      (text) => nameProblem(text, maxNameBytes) === null,
      `El parámetro ${parameter} debe tener de 1 a ${maxNameBytes} bytes y ningún carácter de control, y no puede estar en blanco ni ser «.» o «..».`,
    );

const sensor = (maxNameBytes: number) =>
  name('sensor', maxNameBytes)
    .default(DEFAULT_SENSOR)
    .meta({ description: 'the series is the temperature of this sensor' });

const format = z
  .enum(['html', 'json'], { error: 'El parámetro format debe ser html o json.' })
  .optional()
  .meta({ description: 'goes before the Accept header' });

const limit = z
  .string()
  .transform((text) => (/^\d{1,9}$/.test(text) ? Number(text) : 0))
  .refine(
    (count) => count >= 1 && count <= MAX_LIMIT,
    `El parámetro limit debe ser un número entero de 1 a ${MAX_LIMIT}.`,
  )
  .default(DEFAULT_LIMIT)
  .meta({ description: 'the newest so many, shown oldest first' });

/** Query of `/nuevo` and `/detectar`. */
export const writeQuery = (maxNameBytes: number) => z.object({ format, sensor: sensor(maxNameBytes), dato });

/** Query of `/listar`. A series that is named has to exist. */
export const listQuery = (maxNameBytes: number) =>
  z.object({
    format,
    sensor: name('sensor', maxNameBytes)
      .optional()
      .meta({ description: `default ${DEFAULT_SENSOR}` }),
    metric: name('metric', maxNameBytes).optional().meta({ description: 'default temperature' }),
    limit,
  });
