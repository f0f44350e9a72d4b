import { int8Plan } from '../int8.ts';

export const plan = int8Plan('flash-int8', false);
