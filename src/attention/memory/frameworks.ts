import type { AccountProblem } from '../literature/account.ts';
import type { Problem } from '../problem.ts';
import type { MemoryAccount } from './account.ts';
import { flashInferenceMemory, flashSavedForBackward, flashTrainingMemory } from './flashMemory.ts';
import {
  standardInferenceMemory,
  standardSavedForBackward,
  standardTrainingMemory,
} from './standardMemory.ts';

/** What a framework's allocator would hold for one attention call. */
export interface FrameworkMemory {
  /** `standard`: eager operations. `flash`: FlashAttention-2 and -3 as released. */
  kind: 'standard' | 'flash';
  /** Peak of the forward pass alone, peak of both passes, or what lies between the two. */
  when: 'inference' | 'training' | 'saved for backward';
  account: MemoryAccount;
}

/** Memory of standard and flash attention in a framework, bytes by part; modelled (see the accounts). */
export function frameworkMemory(problem: AccountProblem & Pick<Problem, 'dropout'>): FrameworkMemory[] {
  const dropout = problem.dropout !== null && problem.dropout > 0;
  return [
    {
      ...{ kind: 'standard', when: 'inference' },
      account: standardInferenceMemory(problem, { softmaxInPlace: false }),
    },
    { kind: 'standard', when: 'training', account: standardTrainingMemory(problem) },
    {
      ...{ kind: 'standard', when: 'saved for backward' },
      account: standardSavedForBackward(problem, { dropout }),
    },
    {
      ...{ kind: 'flash', when: 'inference' },
      account: flashInferenceMemory(problem, { generation: 2 }),
    },
    { kind: 'flash', when: 'training', account: flashTrainingMemory(problem, { generation: 2 }) },
    { kind: 'flash', when: 'saved for backward', account: flashSavedForBackward(problem) },
  ];
}
