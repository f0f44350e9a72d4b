/** Rows and columns of one tile of the score matrix, and splits of the key range. */
export interface Tiling {
  /** Query rows per tile. */
  br: number;
  /** Key rows per tile. */
  bc: number;
  /** Columns of the head dimension staged in workgroup memory at a time. */
  dc: number;
  /** Parts into which the key range is split; 1 where the algorithm does not split. */
  splits: number;
  /** Heads (of batch x heads) that share scratch buffers at a time; the plan runs ceil(batch*heads/slice) times. */
  headsPerSlice: number;
}

/** What a user may ask for; the rest is chosen. */
export interface RequestedTiling {
  br?: number;
  bc?: number;
}
