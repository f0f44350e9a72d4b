// Numbers that look like shapes and are none.
export const version = '1.16.2048.64';
export const address = 'http://10.16.512.64:8080';
export const date = '2024-08-16';
export const padding = [8, 16, 1024, 64];
export const image = { channels: 3, shape: [1, 3, 224, 224] };
export const matrix = [
  [8, 16, 4096, 64],
  [4, 8, 2048, 32],
];
let numHeads = 8;
numHeads = Number(process.env.HEADS ?? numHeads);
export const attentionOptions = { numHeads, headDim: 64 };
export const heads = { left: 8, right: 16 };
export const grid = { heads: 3, rows: 40 };
export const swin = { numHeads: [3, 6, 12, 24], embedDim: 96 };
const pattern = /attention(8, 16, 4096, 64)/;
// nn.dotProductAttention(np.zeros([8, 512, 16, 64]), k, v);
const text = 'attention(q, k, v, 8, 16, 4096, 64)';
