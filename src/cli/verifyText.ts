import { formatCount, formatError } from '../attention/units.ts';
import type { VerifiedCase, VerifyReport } from '../profiler/verify.ts';
import { distinct } from './profileRows.ts';
import type { Style } from './style.ts';
import { cut, textTable, wrap } from './textTable.ts';

const shownFailures = 20;

/** One line for each algorithm and pass, then the cases that failed. */
export function verifyText(report: VerifyReport, style: Style): string {
  const { cases, adapter, seed, passed, failed, coverage } = report;
  const keys = distinct(cases.map(({ algorithm, pass }) => `${algorithm} ${pass}`));
  const rows = keys.map((key) => {
    const own = cases.filter(({ algorithm, pass }) => `${algorithm} ${pass}` === key);
    const worst = worstCase(own);
    return [
      own[0]!.algorithm,
      own[0]!.pass,
      formatCount(own.length),
      formatCount(own.filter(({ ok }) => !ok).length),
      formatError(worst?.error),
      formatError(worst?.bound),
    ];
  });
  const { strength, problems, combinations, covered } = coverage;
  const lines = [
    style.strong(cut(`Against a float64 reference on ${adapter}, seed ${seed}`, 100)),
    `${problems} problems; ${covered} of ${combinations} combinations of ${strength} options meet in them`,
    '',
  ];
  const titles = ['cases', 'failed', 'worst error (measured)', 'its bound'];
  lines.push(
    ...textTable(
      [
        { title: 'algorithm', align: 'left' },
        { title: 'pass', align: 'left' },
        ...titles.map((title) => ({ title, align: 'right' as const })),
      ],
      rows,
      style,
    ),
  );
  const failures = cases.filter(({ ok }) => !ok);
  if (failures.length > 0) lines.push('');
  for (const { algorithm, pass, options, reason } of failures.slice(0, shownFailures)) {
    lines.push(...wrap(`${algorithm} ${pass} ${options}: ${reason ?? 'failed'}`).map(style.bad));
  }
  if (failures.length > shownFailures) {
    lines.push(`and ${failures.length - shownFailures} more failures: --json lists them all`);
  }
  lines.push('', `${passed} passed, ${failed} failed`);
  return `${lines.join('\n')}\n`;
}

/** The case nearest to its bound, or furthest beyond it. */
function worstCase(cases: readonly VerifiedCase[]): VerifiedCase | undefined {
  const share = ({ error, bound }: VerifiedCase) =>
    error === null ? Number.POSITIVE_INFINITY : error / bound;
  return cases.reduce<VerifiedCase | undefined>(
    (worst, next) => (worst === undefined || share(next) > share(worst) ? next : worst),
    undefined,
  );
}
