/** An error that the user can fix. The message says what was wrong, where, and what to do. */
export class UserError extends Error {}

/** The user stopped the command. */
export class Interrupted extends Error {}
