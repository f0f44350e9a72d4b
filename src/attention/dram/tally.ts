import type { TileAccess } from '../walk/walk.ts';

/** Bytes of one stage and buffer: issued by the kernel, and moved between the cache and memory. */
export interface Account {
  stage: string;
  buffer: string;
  issued: { load: bigint; store: bigint };
  moved: { load: bigint; store: bigint };
}

const fields = ['issuedLoad', 'issuedStore', 'movedLoad', 'movedStore'] as const;
type Sums<Type> = Record<(typeof fields)[number], Type>;

/**
 * Accounts of a replay. Sums run in numbers and are carried into big integers, since what is left to symmetry
 * may pass 2^53.
 */
export class DramTally {
  readonly #names: { stage: string; buffer: string }[] = [];
  readonly #accounts = new Map<string, Map<string, number>>();
  readonly #running: Sums<number>[] = [];
  readonly #carried: Sums<bigint>[] = [];

  /** Number of the account of a stage and buffer. */
  account(stage: string, buffer: string): number {
    let ofStage = this.#accounts.get(stage);
    if (!ofStage) {
      ofStage = new Map();
      this.#accounts.set(stage, ofStage);
    }
    const known = ofStage.get(buffer);
    if (known !== undefined) return known;
    const account = this.#names.length;
    ofStage.set(buffer, account);
    this.#names.push({ stage, buffer });
    this.#running.push({ issuedLoad: 0, issuedStore: 0, movedLoad: 0, movedStore: 0 });
    this.#carried.push({ issuedLoad: 0n, issuedStore: 0n, movedLoad: 0n, movedStore: 0n });
    return account;
  }

  issue(account: number, { kind, bytes }: TileAccess): void {
    this.#running[account]![kind === 'load' ? 'issuedLoad' : 'issuedStore'] += bytes;
  }

  read(account: number, bytes: number): void {
    this.#running[account]!.movedLoad += bytes;
  }

  write(account: number, bytes: number): void {
    this.#running[account]!.movedStore += bytes;
  }

  /** All sums so far, account by account. */
  sums(): Sums<bigint>[] {
    for (const [account, running] of this.#running.entries()) {
      for (const field of fields) {
        this.#carried[account]![field] += BigInt(running[field]);
        running[field] = 0;
      }
    }
    return this.#carried.map((sums) => ({ ...sums }));
  }

  /** Adds `times` what was added since `before` was taken. */
  repeatSince(before: readonly Sums<bigint>[], times: number): void {
    for (const [account, sums] of this.sums().entries()) {
      for (const field of fields) {
        this.#carried[account]![field] += BigInt(times) * (sums[field] - (before[account]?.[field] ?? 0n));
      }
    }
  }

  accounts(): Account[] {
    return this.sums().map((sums, account) => ({
      ...this.#names[account]!,
      issued: { load: sums.issuedLoad, store: sums.issuedStore },
      moved: { load: sums.movedLoad, store: sums.movedStore },
    }));
  }
}
