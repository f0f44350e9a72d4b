import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { projectRoot } from '../../../scripts/lib/root.mjs';
import { problemId } from '../../../src/attention/problem.ts';
import { liveShapeOf } from '../../../src/shapes/recorded/liveShape.ts';
import type { RecordedCall } from '../../../src/shapes/recorded/recording.ts';
import { findTestPython, missing, titled } from '../../support/python.ts';
import { ProbeRun } from './runProbe.ts';

const python = findTestPython();
const noTorch = missing(python, 'torch');
const noJax = missing(python, 'jax');

let run: ProbeRun;
beforeEach(() => {
  run = new ProbeRun(python?.path ?? '');
  mkdirSync(join(run.out, '..'));
});
afterEach(() => run.remove());

function problemOf(call: RecordedCall): string {
  const shape = liveShapeOf(call);
  return shape.ok ? problemId(shape.value.problem) : shape.error;
}

describe.skipIf(noTorch)(titled('PyTorch on a CPU', noTorch), () => {
  test('the sample program: the shapes that stand in it, with their counts', async () => {
    const { code, stderr } = await run.run(['--', join(projectRoot, 'test/workspace/recorded/model_run.py')]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { calls, unread } = run.recording();
    expect(unread).toBe(0);
    expect(calls.map((call) => [call.line, call.count, problemOf(call)])).toEqual([
      [13, 2, 'b2 h8 kv2 n16 m16 d32 dv32 f32 causal top-left'],
      [13, 1, 'b2 h8 kv2 n24 m24 d32 dv32 f32 causal top-left'],
      [31, 5, 'b1 h4 kv4 n10 m77 d16 dv16 bf16'],
      [22, 2, 'b3 h4 kv4 n20 m20 d16 dv16 f32'],
    ]);
  }, 60_000);

  test('every way to call attention; compiling, scripting, tracing and pickling go on as ever', async () => {
    const program = join(import.meta.dirname, 'frameworks.py');
    const { code, stdout, stderr } = await run.run(['--', program], { env: { PYTHONWARNINGS: 'ignore' } });
    expect(code, stderr).toBe(0);
    expect(stdout).not.toMatch(/FAILED/);
    const source = readFileSync(program, 'utf8').split('\n');
    const { calls, compiled } = run.recording();
    const at = (comment: string) => {
      const line = source.findIndex((text) => text.endsWith(`# ${comment}`)) + 1;
      return calls
        .filter((call) => call.line === line)
        .map((call) => [call.count, call.api, problemOf(call)]);
    };
    const shape = 'b1 h2 kv2 n8 m8 d4 dv4 f32';
    const module = 'b2 h2 kv2 n4 m4 d4 dv4 f32';
    expect(at('mha')).toEqual([[1, 'torch.multi_head_attention_forward', module]]);
    expect(at('mha fast')).toEqual([[1, 'torch.native_multi_head_attention', module]]);
    expect(at('encoder fast')).toEqual([[3, 'torch.transformer_encoder_layer', module]]);
    expect(at('flex compiled')).toEqual([[1, 'torch.flex_attention', shape]]);
    expect(at('flex eager')).toEqual([[1, 'torch.flex_attention', shape]]);
    expect(at('thread')).toEqual([[1, 'torch.scaled_dot_product_attention', `${shape} dropout 0.5`]]);
    expect(at('checkpoint: once, and again backward')).toEqual([
      [2, 'torch.scaled_dot_product_attention', shape],
    ]);
    expect(compiled).toBe(3);
    const overhead = Number(/overhead ([\d.]+)/.exec(stdout)?.[1]);
    console.log(`the probe adds ${overhead} microseconds to an attention call`);
    expect(overhead).toBeLessThan(100);
  }, 120_000);
});

test.skipIf(noJax)(
  titled('JAX on a CPU', noJax),
  async () => {
    const program = run.write(
      'program.py',
      `import jax, jax.numpy as jnp
q, k = jnp.ones((2, 7, 8, 32), jnp.bfloat16), jnp.ones((2, 19, 2, 32), jnp.bfloat16)
for _ in range(3):
    jax.nn.dot_product_attention(q, k, k, is_causal=True)
jax.jit(lambda q, k: jax.nn.dot_product_attention(q, k, k))(q, k)
jax.vmap(lambda q: jax.nn.dot_product_attention(q, q, q))(jnp.ones((5, 7, 8, 32)))
`,
    );
    const { code, stderr } = await run.run(['--', program]);
    expect(code, stderr).toBe(0);
    const { calls, unread } = run.recording();
    expect(calls.map((call) => [call.line, call.count, problemOf(call)])).toEqual([
      [4, 3, 'b2 h8 kv2 n7 m19 d32 dv32 bf16 causal top-left'],
      [5, 1, 'b2 h8 kv2 n7 m19 d32 dv32 bf16'],
    ]);
    // Inside of vmap a tensor hides its batch.
    expect(unread).toBe(1);
  },
  60_000,
);
