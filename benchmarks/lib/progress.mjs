// What is being measured now, on stderr: one line that is rewritten at a terminal, a line each elsewhere.

/** @param {string} text empty for the end */
export function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  else if (text) process.stderr.write(`${text}\n`);
}
