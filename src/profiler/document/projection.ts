import type { Projection } from '../../attention/projection/projection.ts';
import type { DocumentProjection } from './schema.ts';

/** A projection as a document keeps it. */
export function documentProjection(projection: Projection): DocumentProjection {
  const { provenance, ms, lowMs, highMs, stages, assumptions } = projection;
  return {
    ...{ provenance, ms, lowMs, highMs },
    stages: stages.map(({ stage, ms, limitedBy }) => ({ name: stage, ms, limitedBy })),
    assumptions: [...assumptions],
  };
}
