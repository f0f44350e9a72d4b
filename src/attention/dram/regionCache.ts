import type { OwnerScope, TileAccess } from '../walk/walk.ts';
import { addStretch, type Stretches, stretchBytes } from './stretches.ts';
import type { DramTally } from './tally.ts';

/** One region of a buffer that the cache has room for. */
export interface CachedRegion {
  memory: string;
  scope: OwnerScope;
  owner: number;
  tile: number;
  bytes: number;
  /** What of it was fetched or written, and what was written since it last went to memory. */
  valid: Stretches;
  dirty: Stretches;
  /** Account of the stage and buffer that wrote to it last. */
  writer: number;
  newer: CachedRegion | null;
  older: CachedRegion | null;
}

/**
 * A cache that holds the regions used last, as many as it has bytes for: it drops the one that was used the
 * longest time ago until the new one fits. Each takes its whole size; of a region that is there, only bytes
 * that no access has touched yet are fetched. A store fetches nothing; what was stored goes to memory when its
 * region is dropped. A region larger than the cache passes through it and drops all others. What a cache holds
 * is then always held by a larger one too (Mattson et al. 1970, the inclusion property).
 */
export class RegionCache {
  readonly #capacity: number;
  readonly #tally: DramTally;
  readonly #regions = new Map<string, Map<number, CachedRegion>>();
  /** More than the tiles of any owner. */
  readonly #tiles: number;
  #newest: CachedRegion | null = null;
  #oldest: CachedRegion | null = null;
  #bytes = 0;
  #count = 0;

  constructor(capacity: number, tiles: number, tally: DramTally) {
    this.#capacity = capacity;
    this.#tiles = tiles;
    this.#tally = tally;
  }

  /** How many regions there are. */
  get count(): number {
    return this.#count;
  }

  /** The region used last; the others follow by `older`. */
  get newest(): CachedRegion | null {
    return this.#newest;
  }

  access(access: TileAccess, account: number): void {
    const { kind, regionBytes, from, to, bytes } = access;
    if (regionBytes > this.#capacity || this.#capacity === 0) {
      this.flush();
      if (kind === 'load') this.#tally.read(account, bytes);
      else this.#tally.write(account, bytes);
      return;
    }
    const region = this.#touch(access);
    const missing = addStretch(region.valid, from, to);
    if (kind === 'load') {
      this.#tally.read(account, Math.min(missing, bytes));
    } else {
      addStretch(region.dirty, from, to);
      region.writer = account;
    }
  }

  /** Drops everything; what was written goes to memory. */
  flush(): void {
    while (this.#oldest) this.#drop(this.#oldest);
  }

  /** Gives every region another owner, no two of a memory the same. */
  rename(ownerOf: (region: CachedRegion) => number): void {
    this.#regions.clear();
    for (let region = this.#newest; region; region = region.older) {
      region.owner = ownerOf(region);
      this.#placeOf(region.memory).set(this.#key(region.owner, region.tile), region);
    }
  }

  #touch({ on: { memory, scope }, owner, tile, regionBytes: bytes }: TileAccess): CachedRegion {
    const place = this.#placeOf(memory);
    const key = this.#key(owner, tile);
    let region = place.get(key);
    if (region) {
      if (region === this.#newest) return region;
      this.#unlink(region);
    } else {
      while (this.#oldest && this.#bytes + bytes > this.#capacity) this.#drop(this.#oldest);
      const fresh = { memory, scope, owner, tile, bytes, valid: [], dirty: [], writer: 0 };
      region = { ...fresh, newer: null, older: null };
      place.set(key, region);
      this.#bytes += bytes;
      this.#count++;
    }
    region.newer = null;
    region.older = this.#newest;
    if (this.#newest) this.#newest.newer = region;
    this.#newest = region;
    this.#oldest ??= region;
    return region;
  }

  #drop(region: CachedRegion): void {
    if (region.dirty.length > 0) this.#tally.write(region.writer, stretchBytes(region.dirty));
    this.#unlink(region);
    this.#placeOf(region.memory).delete(this.#key(region.owner, region.tile));
    this.#bytes -= region.bytes;
    this.#count--;
  }

  #unlink({ newer, older }: CachedRegion): void {
    if (newer) newer.older = older;
    else this.#newest = older;
    if (older) older.newer = newer;
    else this.#oldest = newer;
  }

  #key(owner: number, tile: number): number {
    return owner * this.#tiles + tile;
  }

  #placeOf(memory: string): Map<number, CachedRegion> {
    let place = this.#regions.get(memory);
    if (!place) {
      place = new Map();
      this.#regions.set(memory, place);
    }
    return place;
  }
}
