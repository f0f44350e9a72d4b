/** What a name can say about an attention problem. */
export type Role =
  | 'batch'
  | 'heads'
  | 'kvHeads'
  | 'seqLen'
  | 'seqLenQ'
  | 'seqLenKv'
  | 'headDim'
  | 'headDimV'
  /** Width of the model: heads times head dim, unless a head dim is given as well. */
  | 'width'
  /** The longest sequence that is allowed, not the one that runs. */
  | 'maxLength'
  | 'layers';

/** Names that mean one thing wherever they stand; compared in lower case, letters and digits alone. */
const spelledOut: Record<Role, string> = {
  batch: 'batch batchsize bs bsz nbatch numbatch batchsz numbatches microbatchsize',
  heads: `numheads nheads nhead numattentionheads attentionheads numqueryheads numqheads nqheads numqohead
    numqoheads qheads queryheads hq nhq headcount attentionheadcount heads numhead`,
  kvHeads: `numkvheads numkeyvalueheads nkvheads nkvhead nheadkv nheadskv kvheads keyvalueheads kvheadcount hkv nhkv numheadskv
    numheadskv headcountkv numkvhead`,
  seqLen:
    'seqlen sequencelength seqlength seq seqlens sequencelen ntokens numtokens sequence contextlen nseq timesteps',
  seqLenQ: 'seqlenq qlen querylen querylength sq lq lenq qseqlen numqueries targetlength targetlen tgtlen tq',
  seqLenKv: `seqlenk seqlenkv kvlen kvlength skv lkv lk lenk lenkv sk kvseqlen sourcelength sourcelen srclen tk tkv
    keylength keylen memorylen`,
  headDim:
    'headdim headsize dhead headdims dimhead sizeperhead dimperhead headdimension hdim keydim dk headdimqk attentionheaddim hs hsz',
  headDimV: 'headdimv valuedim dv headsizev vheaddim',
  width:
    'hiddensize dmodel nembd embeddim embedding embeddingdim modeldim hiddendim dimmodel emb width hidden embdim modelwidth embeddingsize',
  maxLength: `maxpositionembeddings npositions maxseqlen nctx maxsequencelength modelmaxlength contextlength contextwindow
    maxlen maxlength maxseqlength blocksize contextsize maxcontextlength`,
  layers: 'numlayers nlayers nlayer numhiddenlayers layers depth',
};

const meanings = new Map<string, Role>(
  Object.entries(spelledOut).flatMap(([role, names]) =>
    names.split(/\s+/).map((name) => [name, role as Role]),
  ),
);

/**
 * Whether a value is too large for what a short name seems to say: `D` and `hs` past 256 are rather the width of the
 * model than the head dim.
 */
export function isDoubtful(name: string, role: Role, value: number | null): boolean {
  return role === 'headDim' && name.length <= 2 && value !== null && value > 256;
}

const longestName = 32;

/** The meaning of a name that is spelled out, `num_heads`, `seqLenQ`, `HEAD_DIM`. */
export function roleOf(name: string): Role | null {
  if (name.length > longestName) return null;
  return meanings.get(name.toLowerCase().replace(/[^a-z0-9]/g, '')) ?? null;
}

/** What one letter, or two, can mean once the other names of a signature are known. */
const short: Record<string, Role> = {
  b: 'batch',
  z: 'batch',
  nh: 'heads',
  h: 'heads',
  t: 'seqLen',
  s: 'seqLen',
  n: 'seqLen',
  l: 'seqLen',
  m: 'seqLenKv',
  d: 'headDim',
  hd: 'headDim',
  c: 'width',
};

/**
 * Meanings of the names of one signature, in its order. Single letters are read only together:
 *
 * - `N` beside `T`, `S` or a spelled out length is not the sequence, and what it is then is not known
 * - `H` beside `NH` or a spelled out count of heads is not the heads; beside `W` it is a height
 * - `L`, `M` and `D` mean a size of attention only where heads are named
 * - `D` is the head dim, unless another name says that already
 *
 * A role that two names claim is nobody's.
 */
export function rolesOf(names: readonly string[]): (Role | null)[] {
  const roles: (Role | null)[] = names.map(roleOf);
  const letters = names.map((name) => name.toLowerCase().replace(/^[^a-z]+|[^a-z]+$/g, ''));
  const has = (role: Role) => roles.includes(role);
  const hasLetter = (letter: string) => letters.includes(letter);
  for (const [index, letter] of letters.entries()) {
    const role = roles[index] === null && letter.length <= 2 ? short[letter] : undefined;
    if (!role || names[index]!.length > 2) continue;
    if (letter === 'n' && (hasLetter('t') || hasLetter('s') || has('seqLen'))) continue;
    if (letter === 'l' && (hasLetter('t') || hasLetter('s') || hasLetter('n') || has('seqLen'))) continue;
    if (letter === 'h' && (hasLetter('nh') || hasLetter('w'))) continue;
    if (letter === 's' && hasLetter('t')) continue;
    if (letter === 'd' && hasLetter('hd')) continue;
    if (letter === 't' && hasLetter('s')) continue;
    if (role !== 'heads' && has(role)) continue;
    if (role === 'heads' && spelled(roles, names, 'heads')) continue;
    roles[index] = role;
  }
  return roles.map((role) =>
    role !== null && roles.filter((other) => other === role).length > 1 ? null : role,
  );
}

function spelled(roles: (Role | null)[], names: readonly string[], role: Role): boolean {
  return roles.some((each, index) => each === role && names[index]!.length > 2);
}
