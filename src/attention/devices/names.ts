/** What makers put around the name of a model. */
const fillers = new Set([
  ...['nvidia', 'amd', 'apple', 'intel', 'corporation', 'geforce', 'radeon', 'instinct', 'tesla'],
  ...['graphics', 'gpu'],
]);

/** Lower case words of a name; what stands in brackets (driver, chip, trademark) is left out. */
export function nameWords(name: string): string[] {
  const bare = name.toLowerCase().replace(/\([^()]*\)/g, ' ');
  return bare.split(/[^a-z0-9]+/).filter((word) => word !== '');
}

/** The words that tell the model: "NVIDIA GeForce RTX 4090" is "rtx 4090". */
export function modelWords(name: string): string {
  return nameWords(name)
    .filter((word) => !fillers.has(word))
    .join(' ');
}
