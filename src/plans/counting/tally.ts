import type { AccessSite } from '../plan.ts';

/** A typed identity function that counts at its sites, wrapped around an expression. */
interface Tap {
  type: string;
  sites: number[];
}

/**
 * The declarations that the rewrite adds: a private counter for each site, functions that bump them, and the
 * totals. It collects what the walk over the kernel asks for and prints it in the end.
 */
export class Tally {
  readonly sites: AccessSite[] = [];
  readonly #taps: Tap[] = [];
  readonly #prefix: string;

  /** `prefix` must not occur in the kernel. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Returns the site's index. */
  addSite(site: AccessSite): number {
    return this.sites.push(site) - 1;
  }

  /** Name of a function `(value: type) -> type` that counts one access at each of the sites. */
  addTap(type: string, sites: number[]): string {
    return `${this.#prefix}tap${this.#taps.push({ type, sites }) - 1}`;
  }

  /** A statement that counts one access at the site. */
  hit(site: number): string {
    return `${this.#prefix}hit${site}();`;
  }

  /** Name that the kernel's own entry point takes. */
  get innerEntry(): string {
    return `${this.#prefix}entry`;
  }

  /** Statements with which an invocation ends: its counters go to the totals. */
  finish(): string {
    const totals = `${this.#prefix}totals`;
    // Naming the totals keeps their binding in the layout of a kernel without any site.
    const folds = this.sites.map(
      (_, site) => `  ${this.#prefix}fold(${2 * site}u, ${this.#prefix}n${site});`,
    );
    return [`  _ = &${totals};`, ...folds].join('\n');
  }

  /** `flushAt`: a private counter that reaches this goes to the totals and starts again. */
  declarations(counterBinding: number, flushAt: number): string {
    const p = this.#prefix;
    const words = 2 * Math.max(1, this.sites.length);
    const fold = [
      `@group(0) @binding(${counterBinding}) var<storage, read_write> ${p}totals: array<atomic<u32>, ${words}>;`,
      `fn ${p}fold(word: u32, count: u32) {`,
      '  if (count != 0u) {',
      `    let before = atomicAdd(&${p}totals[word], count);`,
      `    if (before > 0xffffffffu - count) { atomicAdd(&${p}totals[word + 1u], 1u); }`,
      '  }',
      '}',
    ];
    const hits = this.sites.flatMap((_, site) => [
      `var<private> ${p}n${site}: u32;`,
      `fn ${p}hit${site}() {`,
      `  ${p}n${site} += 1u;`,
      `  if (${p}n${site} == ${flushAt}u) { ${p}fold(${2 * site}u, ${p}n${site}); ${p}n${site} = 0u; }`,
      '}',
    ]);
    const taps = this.#taps.map(({ type, sites }, index) => {
      const bumps = sites.map((site) => `${this.hit(site)} `).join('');
      return `fn ${p}tap${index}(value: ${type}) -> ${type} { ${bumps}return value; }`;
    });
    return [...fold, ...hits, ...taps].join('\n');
  }
}

/** A start for the names that the rewrite adds, which occurs nowhere in the kernel. */
export function unusedPrefix(wgsl: string): string {
  for (let index = 0; ; index++) {
    const prefix = `tally${index || ''}_`;
    if (!wgsl.includes(prefix)) return prefix;
  }
}
