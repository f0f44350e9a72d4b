import { tableSeqLens, tableSetup } from '../../literature/published/flashAttention1.ts';
import { type TimeTable, timeTables } from '../../literature/published/flashAttention1Times.ts';
import { flashDecodingSetup, flashDecodingTable } from '../../literature/published/flashDecoding.ts';
import type { Pass, Problem } from '../../problem.ts';
import { pytorchEager } from '../implementations/eager.ts';
import { flashAttention1 } from '../implementations/flash1.ts';
import { flashAttention2 } from '../implementations/flash2.ts';
import { flashDecoding } from '../implementations/flashDecoding.ts';
import { type BenchmarkCell, knownGpu, selfAttention, shortName } from './cell.ts';

const passesOf = { forward: ['forward'], backward: ['backward'], both: ['forward', 'backward'] } as const;

/** Lengths spread over (N - 20, N], as the paper draws them. */
const spread = (batch: number, seqLen: number) => Array.from({ length: batch }, (_, i) => seqLen - i);

function tableProblem({ dropout, mask }: TimeTable, seqLen: number): Problem {
  const { batch, heads, headDim, dropout: rate } = tableSetup;
  return {
    ...selfAttention(batch, heads, seqLen, headDim),
    dropout: dropout ? rate : null,
    lengths: mask ? spread(batch, seqLen) : null,
  };
}

/** What a table timed: `backward, dropout, padding`. */
const measured = ({ pass, dropout, mask }: TimeTable) =>
  [
    pass === 'both' ? 'both passes' : pass,
    ...(dropout ? ['dropout'] : []),
    ...(mask ? ['padding'] : []),
  ].join(', ');

/** FlashAttention Tables 9 to 20, A100 40GB: PyTorch and FlashAttention. */
export function timeTableCells(): BenchmarkCell[] {
  const methods = [
    ['pytorch', pytorchEager],
    ['flash', flashAttention1],
  ] as const;
  const gpu = knownGpu('a100-40gb-sxm');
  return timeTables.flatMap((table) =>
    methods.flatMap(([method, implementation]) =>
      tableSeqLens.flatMap((seqLen, index): BenchmarkCell[] => {
        const published = table.rows[method][index] ?? null;
        if (published === null) return [];
        const passes: readonly Pass[] = passesOf[table.pass];
        return [
          {
            id: `time-flash1-table${table.table}-${method}-n${seqLen}`,
            source: `FlashAttention (arXiv 2205.14135), Table ${table.table} (${measured(table)}), A100 40GB`,
            quantity: `${shortName(implementation, gpu)}, N ${seqLen}`,
            unit: 'ms',
            published,
            implementation,
            problem: tableProblem(table, seqLen),
            passes,
            gpu,
          },
        ];
      }),
    ),
  );
}

/** The Flash-Decoding table, on the A100 of 80 GB (the post does not say which). */
export function decodingCells(): BenchmarkCell[] {
  const { heads, kvHeads, headDim } = flashDecodingSetup;
  const columns = [
    ['pytorchEager', pytorchEager],
    ['flash2', flashAttention2],
    ['flashDecoding', flashDecoding],
  ] as const;
  const gpu = knownGpu('a100-80gb-sxm');
  return columns.flatMap(([column, implementation]) =>
    flashDecodingTable.map((row): BenchmarkCell => {
      const { batch, seqLen } = row;
      return {
        id: `time-flash-decoding-${implementation.id}-b${batch}-n${seqLen}`,
        source: 'Flash-Decoding (PyTorch blog, October 2023), table (one query), A100',
        quantity: `${shortName(implementation, gpu)}, batch ${batch}, ${seqLen} keys`,
        unit: 'µs',
        published: row[column],
        implementation,
        problem: { ...selfAttention(batch, heads, 1, headDim), kvHeads, seqLenKv: seqLen },
        passes: ['forward'],
        gpu,
      };
    }),
  );
}
