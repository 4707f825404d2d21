/** Types of the panel, taken from the routes of the server. The panel's JavaScript names them in its comments. */
import type { StreamEvents } from './live/stream.ts';
import type { Calls } from './routes.ts';

export type { Calls };
export type Alert = Calls['GET /api/alerts']['answer'][number];
export type ListedSeries = Calls['GET /api/series']['answer'][number];
export type Status = Calls['GET /api/status']['answer'];
export type Detection = Calls['GET /detectar']['answer'];
export type Chart = Calls['GET /api/series/{sensor}/{metric}/chart']['answer'];
export type Recent = Calls['GET /api/recent']['answer'];
export type Role = Calls['GET /api/session']['answer']['role'];
export type LiveReading = StreamEvents['reading'];

/** An event of the live stream: its name and its data. */
export type StreamEvent = {
  [Name in keyof StreamEvents]: { name: Name; data: StreamEvents[Name] };
}[keyof StreamEvents];

/** What a route is called with, beside its name. */
export interface Input<Name extends keyof Calls> {
  params?: Calls[Name]['params'];
  query?: Calls[Name]['query'];
  body?: object;
}
