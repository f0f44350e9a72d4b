import { algorithmPass } from '../attention/catalogue.ts';
import type { MeasureProgress } from '../host/protocol.ts';
import type { SeriesRun } from './series.ts';

/** `flash2`, `flash2 backward`, `seq=512 flash2`. */
export function nameOf({ row, pass, point }: SeriesRun): string {
  const name = pass === 'forward' ? row.id : `${row.id} ${pass}`;
  return point === undefined ? name : `${point} ${name}`;
}

/** What a run is doing: `timing (scores)`. */
export function inWords({ row, pass }: SeriesRun, { phase, stage }: MeasureProgress): string {
  const doing = {
    upload: 'generating inputs',
    compile: 'compiling',
    run: 'first run',
    check: 'comparing with float64',
    count: 'counting accesses',
    time: 'timing',
    readback: 'reading back',
  }[phase];
  const where = stage && algorithmPass(row, pass).stages.length > 1 ? ` (${stage})` : '';
  return doing + where;
}
