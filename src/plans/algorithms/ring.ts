import { ringPlan } from '../ring.ts';

export const plan = ringPlan('ring', 'plain');
