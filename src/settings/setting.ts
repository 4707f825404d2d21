/** What one setting is, and what a section of settings is. A section file is a table of these. */
import type { z } from 'zod';

/** How a setting may be written in the configuration file instead of as one text. */
export type Shape = 'list' | 'map' | 'rules' | 'sources';

export interface Setting {
  /** The name in the environment. In the configuration file the same name stands in small letters. */
  readonly name: string;
  readonly schema: z.ZodType<unknown, string>;
  /** The default, written as a user would write it. */
  readonly fallback?: string;
  /** Stands alone: an editor shows it as a hover, `vigia --help` as one line, docs/settings.md in a table. */
  readonly help: string;
  /** A message never repeats the value. */
  readonly secret?: boolean;
  /** The value is long, so that a message does not repeat it. */
  readonly long?: boolean;
  /** An empty value has a meaning of its own. An empty value of any other setting counts as not set. */
  readonly mayBeEmpty?: boolean;
  readonly shape?: Shape;
  /** The key in the configuration file, where it is not the name in small letters. */
  readonly fileKey?: string;
  /** A running process takes over a new value on SIGHUP. */
  readonly reload?: boolean;
}

/** One entry of a section. @param name the name in the environment */
export const setting = <
  const N extends string,
  S extends z.ZodType<unknown, string>,
  const D extends Omit<Setting, 'name' | 'schema'>,
>(
  name: N,
  schema: S,
  rest: D,
) => ({ name, schema, ...rest });

export interface Section {
  /** Heading in docs/settings.md and in `vigia --help`. */
  readonly title: string;
  /** The key is the name in the program: `config.http.port`. */
  readonly settings: Readonly<Record<string, Setting>>;
  /**
   * What several settings together get wrong, each beginning with the name of a setting.
   * @param values the usable values of all sections, by their name in the environment
   */
  problems?(values: Readonly<Record<string, unknown>>): string[];
  /** Values that follow from others, by their name in the environment. */
  derive?(values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
}
