/**
 * Flag values of the WebGPU specification (sections 5.1.2 and 5.1.3). A page has them as globals, Node's
 * binding keeps them apart; the numbers are fixed, so this floor depends on neither.
 */
export const bufferUsage = {
  mapRead: 0x0001,
  copySource: 0x0004,
  copyTarget: 0x0008,
  uniform: 0x0040,
  storage: 0x0080,
  queryResolve: 0x0200,
} as const;

export const mapModeRead = 0x0001;
