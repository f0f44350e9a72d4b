import * as ort from 'onnxruntime-web';

const layers = 24;
export function emptyCache(length) {
  const feeds = {};
  for (let i = 0; i < layers; i++) {
    feeds[`past_key_values.${i}.key`] = new ort.Tensor('float16', new Uint16Array(0), [1, 8, length, 64]);
    feeds[`past_key_values.${i}.value`] = new ort.Tensor('float16', new Uint16Array(0), [1, 8, length, 64]);
  }
  return feeds;
}
