/** Counts Rust tests from what they print: libtest's summary, which wasm-bindgen's runner prints in the same words. */

const SUMMARY = /^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/;
/** What a promise that nobody caught looks like in the browser's console. */
const UNCAUGHT = /Uncaught \(in promise\)|unhandledrejection/i;

export function rustTally() {
  let passed = 0;
  let failed = 0;
  let ignored = 0;
  let uncaught = 0;

  return {
    /** @param {string} line */
    read(line) {
      const [, ...counts] = SUMMARY.exec(line) ?? [];
      const [p = 0, f = 0, i = 0] = counts.map(Number);
      passed += p;
      failed += f;
      ignored += i;
      if (UNCAUGHT.test(line)) uncaught += 1;
    },

    /** @param {number} code cargo's exit code @returns {import("../test.mjs").Tally} */
    close(code) {
      const faults = [];
      if (code !== 0 && failed === 0) faults.push(`cargo test ended with exit code ${code}, without a failed test: it did not build, or broke off`);
      if (ignored > 0) faults.push(`${ignored} tests are ignored: a test that is skipped proves nothing`);
      if (uncaught > 0) faults.push(`${uncaught} promises were rejected and nobody caught it`);
      if (code === 0 && passed === 0) faults.push("no test ran");
      return { passed, failed, faults };
    },
  };
}
