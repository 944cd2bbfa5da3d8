/** The server half. */
export {};
