// How much of a body may be under way to one who has not taken it yet. The realm's side is runtime/realm/62-sources.js.

/** The credit that a sender begins with. It may begin a message as long as it has some. */
export const windowBytes = 256 * 1024;

/** Of one message at most. */
export const pieceBytes = 256 * 1024;
