/** The consumer: how it batches, what it takes for an event, and how it rolls up. */
export const consumer = {}
