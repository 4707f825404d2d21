/** Which model was in force for a series, and when. The record of the series keeps the list, ascending by `from`. It only grows. */
import type { ModelsAt } from '../detect/fold.ts';
import type { SeriesId } from '../domain/series.ts';
import type { ModelRegistry } from '../model-registry/model-registry.ts';
import type { ModelAssignment } from '../store/store.ts';

/**
 * Changes of model that are remembered beyond the horizon, so that a user sees which model scored old readings. For readings
 * before the first of these changes it is not known any more. The changes are read with the state, so their number is bounded:
 * a hundred take 11 kB, and 33 µs.
 */
const REMEMBERED = 100;

/** The assignment in force at `ts`. @param assignments not empty; those that folds need are always kept */
export function assignmentAt(assignments: readonly ModelAssignment[], ts: number): ModelAssignment {
  return assignments.findLast(({ from }) => from <= ts) ?? assignments[0]!;
}

/** The assignment in force at `ts` and all after it. */
export function assignmentsSince(
  assignments: readonly ModelAssignment[],
  ts: number,
): readonly ModelAssignment[] {
  if (assignments.length === 1) return assignments;
  return assignments.filter((_, i, all) => i === all.length - 1 || all[i + 1]!.from > ts);
}

/** The assignments that a fold after `horizon` may need, and some before. */
export function keptAssignments(
  assignments: readonly ModelAssignment[],
  horizon: number,
): readonly ModelAssignment[] {
  if (assignments.length <= REMEMBERED) return assignments;
  const needed = assignmentsSince(assignments, horizon).length;
  return assignments.slice(-Math.max(needed, REMEMBERED));
}

/**
 * Adds what the model table says now, from the first new reading on. If the series was committed under a newer table than this
 * process knows, nothing is added: two replicas must not change the model back and forth while a new table reaches them.
 * @param firstNew time of the first reading that is newer than all of the series, null where there is none
 */
export function assign(
  assignments: readonly ModelAssignment[],
  series: SeriesId,
  firstNew: number | null,
  models: Pick<ModelRegistry, 'choice' | 'table'>,
): readonly ModelAssignment[] {
  const last = assignments.at(-1);
  const { revision } = models.table;
  if (last && (firstNew === null || (last.revision ?? 0) > revision)) return assignments;
  const { model, shadow } = models.choice(series);
  if (last && last.model === model && (last.shadow ?? null) === shadow) return assignments;
  const next: ModelAssignment = {
    from: last ? firstNew! : 0,
    model,
    ...(shadow !== null && { shadow }),
    ...(revision > 0 && { revision }),
  };
  return [...assignments, next];
}

/** Whether nothing was added or dropped. (An assignment that is kept stays the same object.) */
export function sameAssignments(a: readonly ModelAssignment[], b: readonly ModelAssignment[]): boolean {
  return a.length === b.length && a.at(-1) === b.at(-1);
}

/** The loaded models of an assignment, see `ModelRegistry.require`. */
export function loadedModels(
  { model, shadow }: ModelAssignment,
  models: Pick<ModelRegistry, 'get'>,
): ModelsAt {
  return { model: models.get(model)!, shadow: shadow === undefined ? null : models.get(shadow)! };
}

/** Whether all their models are loaded. */
export function areLoaded(
  assignments: readonly ModelAssignment[],
  models: Pick<ModelRegistry, 'get'>,
): boolean {
  const loaded = (id: string | undefined) => id === undefined || models.get(id) !== undefined;
  return assignments.every(({ model, shadow }) => loaded(model) && loaded(shadow));
}

/** The ids in these assignments. */
export function modelIds(assignments: readonly ModelAssignment[]): string[] {
  return assignments.flatMap(({ model, shadow }) => (shadow === undefined ? [model] : [model, shadow]));
}
