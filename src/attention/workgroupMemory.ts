const bytesOfVec4 = 16;

/** vec4 columns of a row of `width` elements; the last one padded. */
export const vec4s = (width: number) => Math.ceil(width / 4);

/** Bytes of a tile of whole rows without padding. */
export const plainTile = (rows: number, width: number) => rows * vec4s(width) * bytesOfVec4;

/** Bytes of a staged tile: one spare vec4 per row, so that neighbouring rows lie in different memory banks. */
export const stagedTile = (rows: number, width: number) => rows * (vec4s(width) + 1) * bytesOfVec4;

/** Bytes of one f32 for each row and invocation that shares it, for tiles of 4 x 4 blocks. */
export const rowParts = (br: number, bc: number) => br * (bc / 4) * 4;
