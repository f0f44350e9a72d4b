import manifest from '../../package.json' with { type: 'json' };

/** Who wrote a document. */
export const tool = { name: 'attention-profiler', version: manifest.version } as const;
