import { type Memento, window } from 'vscode';
import type { Problem } from '../../attention/problem.ts';
import type { AttentionSite } from '../../shapes/site.ts';
import { evaluateSymbol } from '../../shapes/symbolText.ts';
import { askSize } from './askSizes.ts';
import { isSize, type RememberedSizes } from './rememberedSizes.ts';
import { type MissingSize, type SizeField, siteProblem, sizeFields } from './siteProblem.ts';

const lastKey = 'lastSizes';

/** A size without a name is most often that of another tensor. */
const likely: Partial<Record<SizeField, SizeField>> = {
  kvHeads: 'heads',
  seqLenKv: 'seqLenQ',
  headDimV: 'headDim',
};

/** Asks what a call site leaves open, and remembers the answers for the workspace. */
export class SiteQuestions {
  private readonly state: Memento;
  private readonly remembered: RememberedSizes;

  constructor(state: Memento, remembered: RememberedSizes) {
    this.state = state;
    this.remembered = remembered;
  }

  /** The problem of a site; asks for one size after the other. Null where the user leaves, or it cannot be computed. */
  async complete(site: AttentionSite): Promise<Problem | null> {
    const answers: Partial<Record<SizeField, number>> = {};
    for (;;) {
      const { problem, missing } = siteProblem(site, this.remembered.values, answers);
      if (problem?.ok) return problem.value;
      const [next] = missing;
      if (problem || !next) {
        const reason = problem?.error ?? 'its sizes are not known';
        void window.showWarningMessage(`Attention Profiler: this call cannot be profiled: ${reason}`);
        return null;
      }
      const size = await askSize(next, this.prefill(next, { ...known(site), ...answers }));
      if (size === null) return null;
      if (next.symbol === null) answers[next.fields[0]!] = size;
      await this.keep(next, size);
    }
  }

  /** Asks for every name of a site again, filled in with what was said before. */
  async ask(site: AttentionSite): Promise<void> {
    const { missing } = siteProblem(site, {});
    for (const each of missing.filter(({ symbol }) => symbol !== null)) {
      const said = evaluateSymbol(each.symbol!, this.remembered.values);
      const size = await askSize(each, said ?? this.prefill(each, known(site)));
      if (size === null) return;
      await this.keep(each, size);
    }
  }

  private async keep({ symbol, fields }: MissingSize, size: number): Promise<void> {
    await this.state.update(lastKey, { ...this.last(), [fields[0]!]: size });
    if (symbol !== null) await this.remembered.remember(new Map([[symbol, size]]));
  }

  private prefill(
    { fields, choices }: MissingSize,
    sizes: Partial<Record<SizeField, number>>,
  ): number | null {
    const [field] = fields;
    const other = likely[field!];
    return choices[0] ?? (other && sizes[other]) ?? this.last()[field!] ?? null;
  }

  /** The last answer for each size. */
  private last(): Partial<Record<SizeField, number>> {
    const stored: unknown = this.state.get(lastKey);
    if (typeof stored !== 'object' || stored === null) return {};
    return Object.fromEntries(Object.entries(stored).filter(([, size]) => isSize(size)));
  }
}

function known({ problem }: AttentionSite): Partial<Record<SizeField, number>> {
  return Object.fromEntries(
    sizeFields.flatMap((field) => (problem[field] === null ? [] : [[field, problem[field]]])),
  );
}
