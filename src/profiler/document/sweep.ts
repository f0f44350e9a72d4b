import * as v from 'valibot';
import { passes } from '../../attention/problem.ts';
import { axisNames } from '../sweep/axes.ts';
import { finite, id, list, name, object, oneOf, positive } from './fields.ts';

/** What a sweep runs: every algorithm in every pass at every point. Runs that are not there are missing. */
export const sweep = object({
  axes: list(object({ name: oneOf(axisNames), values: list(positive) })),
  /** In the order in which they are run. */
  points: list(
    object({
      id,
      problem: id,
      /** What was asked for; the runs say what was chosen. */
      tiling: v.nullable(
        object({ br: v.optional(positive), bc: v.optional(positive), splits: v.optional(positive) }),
      ),
    }),
  ),
  algorithms: list(name),
  passes: list(oneOf(passes)),
  repeats: positive,
  timeBudgetSeconds: v.nullable(finite),
  /** The part of the points, from 1, whose runs the document holds; null where it holds them all. */
  shard: v.nullable(object({ index: positive, count: positive })),
});
