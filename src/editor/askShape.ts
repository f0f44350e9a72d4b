import { type Memento, window } from 'vscode';
import { formatShape, parseShape } from '../attention/shape.ts';

const key = 'lastShape';
const firstShape = '1,8,512,64';

/** Asks for a shape and checks it while it is typed. Null where the user leaves. Remembers the answer. */
export async function askShape(
  state: Memento,
  prefill: string | null,
  prompt: string,
): Promise<string | null> {
  const answer = await window.showInputBox({
    title: 'Attention: Profile Shape',
    prompt,
    placeHolder: 'batch,heads,sequence,head dim, or b=1 h=32 kv=8 n=4096 m=4096 d=128 dv=128',
    value: prefill ?? lastShape(state),
    validateInput: (text) => {
      const shape = parseShape(text);
      return shape.ok ? null : shape.error;
    },
  });
  if (answer === undefined) return null;
  const shape = parseShape(answer);
  if (!shape.ok) return null;
  const text = formatShape(shape.value);
  await state.update(key, text);
  return text;
}

function lastShape(state: Memento): string {
  const stored: unknown = state.get(key);
  return typeof stored === 'string' && parseShape(stored).ok ? stored : firstShape;
}
