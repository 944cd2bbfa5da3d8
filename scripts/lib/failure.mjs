/** How a script ends when something is wrong: one message for a person, an exit code, no stack trace. */

/** Something a person can act on. The message says what was being done, what is wrong and what helps. */
export class Failure extends Error {}

/**
 * Runs a script's main function with its command-line arguments and turns any error into one message.
 * `DEBUG=1` shows where an unexpected one came from.
 *
 * @param {(args: string[]) => Promise<number | void>} main resolves to the exit code; nothing means 0
 */
export async function script(main) {
  try {
    process.exitCode = (await main(process.argv.slice(2))) ?? 0;
  } catch (error) {
    const known = error instanceof Failure;
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`\n✗ ${known ? message : `unexpected: ${message} (DEBUG=1 shows where)`}\n`);
    if (process.env.DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    process.exitCode = 1;
  }
}
