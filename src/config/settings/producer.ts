/** The producer: what it generates and how it sends. */
export const producer = {}
