/** The sections of the settings, in the order in which `vigia --help` and docs/settings.md show them. */
import { alerts } from './sections/alerts.ts';
import { broker } from './sections/broker.ts';
import { brokerLimits } from './sections/broker-limits.ts';
import { http } from './sections/http.ts';
import { live } from './sections/live.ts';
import { models } from './sections/models.ts';
import { mqtt } from './sections/mqtt.ts';
import { pipeline } from './sections/pipeline.ts';
import { process } from './sections/process.ts';
import { readings } from './sections/readings.ts';
import { redis } from './sections/redis.ts';
import { store } from './sections/store.ts';
import type { Section, Setting } from './setting.ts';

export const SECTIONS = {
  http,
  mqtt,
  broker,
  brokerLimits,
  readings,
  alerts,
  store,
  redis,
  models,
  pipeline,
  live,
  process,
} satisfies Record<string, Section>;

type Sections = typeof SECTIONS;

/** The names in the environment. */
export type SettingName = {
  [S in keyof Sections]: {
    [K in keyof Sections[S]['settings']]: Sections[S]['settings'][K] extends { readonly name: infer N }
      ? N
      : never;
  }[keyof Sections[S]['settings']];
}[keyof Sections] &
  string;

/** Every setting by its name in the environment. */
export const SETTINGS = Object.fromEntries(
  Object.values<Section>(SECTIONS).flatMap(({ settings }) =>
    Object.values(settings).map((setting) => [setting.name, setting]),
  ),
) as Readonly<Record<SettingName, Setting>>;
