/** Something the user can act on: its message says what happened and what to do, and no stack is printed. */
export class SetupError extends Error {
  name = 'SetupError';
}
