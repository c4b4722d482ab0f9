/** Something that the user can put right; its message says what was wrong, where, and what to do. */
export class UserError extends Error {}

/** Ends a command that the user has stopped. */
export class Interrupted extends Error {}
