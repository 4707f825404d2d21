/** Alerts that are not told: of some series, by some rules, for a time or in a maintenance window of every week. */
import { globMatches } from './glob.ts';

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** From `start` to `end` on each of these days. A window that ends before it starts ends on the next day. */
export interface WeeklyWindow {
  readonly days: readonly Weekday[];
  /** `HH:MM` */
  readonly start: string;
  readonly end: string;
  /** IANA name of the time zone, such as Europe/Madrid. */
  readonly zone: string;
}

export interface Mute {
  readonly id: string;
  /** Patterns: `*` stands for any characters, `?` for one. */
  readonly sensor: string;
  readonly metric: string;
  readonly rule: string;
  /** ms UTC */
  readonly from: number;
  /** ms UTC; null: without an end. */
  readonly until: number | null;
  /** Within `from` and `until` only in this window; null: all the time. */
  readonly weekly: WeeklyWindow | null;
  readonly comment: string;
  /** Who made it; null where nobody is known. */
  readonly by: string | null;
}

interface Raised {
  readonly sensor: string;
  readonly metric: string;
  readonly rule: string;
}

/** The first of the mutes that holds for an alert. @param at ms UTC */
export function muteOf(mutes: readonly Mute[], alert: Raised, at: number): Mute | null {
  return mutes.find((mute) => fits(mute, alert) && isActive(mute, at)) ?? null;
}

function fits(mute: Mute, { sensor, metric, rule }: Raised): boolean {
  return globMatches(mute.sensor, sensor) && globMatches(mute.metric, metric) && globMatches(mute.rule, rule);
}

/** @param at ms UTC */
export function isActive({ from, until, weekly }: Mute, at: number): boolean {
  if (at < from || (until !== null && at >= until)) return false;
  return weekly === null || inWindow(weekly, at);
}

function inWindow({ days, start, end, zone }: WeeklyWindow, at: number): boolean {
  const { day, minute } = localTime(zone, at);
  const [begins, ends] = [minutesOf(start), minutesOf(end)];
  const on = (weekday: number) => days.includes(WEEKDAYS[(weekday + 7) % 7]!);
  if (begins < ends) return on(day) && minute >= begins && minute < ends;
  // Over midnight: the late part of its day, or the early part of the day after.
  return (on(day) && minute >= begins) || (on(day - 1) && minute < ends);
}

function minutesOf(time: string): number {
  const [hours, minutes] = time.split(':').map(Number) as [number, number];
  return hours * 60 + minutes;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Day of the week, 0 for Monday, and minutes since midnight in a time zone. */
function localTime(zone: string, at: number): { day: number; minute: number } {
  let format = formats.get(zone);
  if (!format) {
    const parts = { weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
    format = new Intl.DateTimeFormat('en-GB', { ...parts, timeZone: zone });
    formats.set(zone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  const day = WEEKDAYS.indexOf(parts.weekday!.toLowerCase().slice(0, 3) as Weekday);
  return { day, minute: Number(parts.hour) * 60 + Number(parts.minute) };
}

/** Whether there is a time zone of this name. */
export function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
