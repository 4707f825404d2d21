import { expect, it, onTestFinished } from 'vitest';
import { openDatabase } from '../../src/store/embedded/database.ts';
import { Query } from '../../src/store/embedded/query.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';

it('a query that failed works again', () => {
  const { database, close } = openDatabase(temporaryDirectory());
  onTestFinished(close);
  const query = new Query(database, "SELECT CASE WHEN ? = 1 THEN json('no JSON') ELSE 5 END WHERE ? < 3");
  expect(query.first(0, 0)).toEqual([5]);
  expect(() => query.first(1, 0)).toThrow(/malformed JSON/);
  expect(query.first(0, 0)).toEqual([5]);
  expect(query.first(0, 3)).toBeUndefined();
});
