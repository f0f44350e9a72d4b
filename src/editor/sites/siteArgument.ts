import * as v from 'valibot';

const argument = v.strictObject({
  uri: v.pipe(v.string(), v.maxLength(4000)),
  line: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  column: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
});

/** Where a call site stands: what links and lenses give to commands. Lines from 1, columns from 0, as in a site. */
export type SiteArgument = v.InferOutput<typeof argument>;

/** Null where an argument is not one of ours. */
export function parseSiteArgument(value: unknown): SiteArgument | null {
  const parsed = v.safeParse(argument, value);
  return parsed.success ? parsed.output : null;
}
