import * as v from 'valibot';
import { exitInWords, HostError, type HostErrorDetails, planInWords, progressInWords } from './errors.ts';
import { causeOfExit } from './exits.ts';
import type { GpuChild } from './gpuChild.ts';
import { failureSchema } from './replySchemas.ts';

/** What is known of the call that failed. */
type Context = Pick<HostErrorDetails, 'plan' | 'progress' | 'exit' | 'output'>;

/** The process said nothing for longer than it had announced, and was ended. */
export function hangError(context: Context, silentMs: number): HostError {
  const seconds = (silentMs / 1000).toFixed(silentMs < 10_000 ? 1 : 0);
  return new HostError(
    'hang',
    `The GPU process hung${during(context)}: no sign of life for ${seconds} s, so it was ended.`,
    context,
  );
}

/** The process is gone though an answer was due. */
export function exitError(child: GpuChild, context: Context): HostError {
  if (child.endedBy === 'disposed') return new HostError('disposed', 'The GPU host was shut down.', context);
  const exit = context.exit ?? { code: null, signal: null };
  const cause = causeOfExit(exit, process.platform);
  const how = cause === 'crash' ? 'crashed' : 'was ended from outside';
  const said = lastWords(child.output);
  const words = said ? ` Its last words were "${said}".` : '';
  return new HostError(cause, `The GPU process ${how} (${exitInWords(exit)})${during(context)}.${words}`, {
    ...context,
    output: child.output,
  });
}

/** The line that tells most: the last error that was thrown, else the last line that is not Node's signature. */
export function lastWords(output: string): string | null {
  const lines = output.split('\n').filter((line) => line.trim() !== '' && !/^Node\.js v\d/.test(line));
  return lines.findLast((line) => /^(Uncaught )?\w*Error\b/.test(line)) ?? lines.at(-1) ?? null;
}

/** The process answered with an error. */
export function answerError(error: unknown, context: Context): HostError {
  const message = error instanceof Error ? error.message : String(error);
  const data = error instanceof Error && 'data' in error ? error.data : null;
  const failure = v.safeParse(failureSchema, data);
  return new HostError(failure.success ? failure.output.kind : 'failed', message, context);
}

function during({ plan, progress }: Context): string {
  const doing = progressInWords(progress ?? null);
  return plan ? ` during ${planInWords(plan)}${doing}` : doing;
}
