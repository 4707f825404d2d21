/** What differs between two readings of the settings, and which of it a running process can take over. */
import type { Config } from './config.ts';
import { SECTIONS, type SettingName } from './sections.ts';
import type { Section, Setting } from './setting.ts';

type Values = Readonly<Record<string, unknown>>;

const ENTRIES = Object.entries<Section>(SECTIONS) as [keyof typeof SECTIONS, Section][];

/** The settings that differ: those that a running process can take over, and those that need a restart. Values are not shown. */
export function changedSettings(
  before: Config,
  after: Config,
): { reload: SettingName[]; restart: SettingName[] } {
  const changed = ENTRIES.flatMap(([key, { settings }]) => {
    const [old, now]: readonly Values[] = [before[key], after[key]];
    return Object.entries(settings)
      .filter(([property]) => JSON.stringify(old![property]) !== JSON.stringify(now![property]))
      .map(([, setting]) => setting);
  });
  const names = (some: readonly Setting[]) => some.map(({ name }) => name as SettingName);
  return {
    reload: names(changed.filter(({ reload }) => reload === true)),
    restart: names(changed.filter(({ reload }) => reload !== true)),
  };
}

/** `current`, but with the values that `next` has for `names`. */
export function takeOver(current: Config, next: Config, names: readonly SettingName[]): Config {
  const taken: ReadonlySet<string> = new Set(names);
  const sections = ENTRIES.map(([key, { settings }]) => {
    const [old, now]: readonly Values[] = [current[key], next[key]];
    const values = Object.entries(settings).map(([property, { name }]) => [
      property,
      (taken.has(name) ? now : old)![property],
    ]);
    return [key, Object.freeze(Object.fromEntries(values.filter(([, value]) => value !== undefined)))];
  });
  return Object.freeze({ ...current, ...Object.fromEntries(sections) });
}
