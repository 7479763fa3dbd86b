// How long to wait before the next attempt. A timer that is given no number, or one of
// more than 2^31 milliseconds, fires at once: what a server asks for is bounded here.

const firstDelay = 500, maxDelay = 15_000;

/** What a server can ask for at most, as with this project's other clients. */
export const maxAsked = 5 * 60_000;

/** Returns a random delay that grows with the number of failures in a row. */
export function backoff(failures) {
  return Math.random() * Math.min(maxDelay, firstDelay * 1.6 ** failures);
}

// The three forms of a date (RFC 9110, section 5.6.7). Date.parse takes much else for
// one, such as -1 and 1.5.
const date = /^(?:[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} [\d:]{8} GMT|[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} [\d:]{8} GMT)$/;
const asctime = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [\d:]{8} \d{4}$/;

/**
 * Returns the milliseconds that the header Retry-After asks for (RFC 9110, section
 * 10.2.3), which is a number of seconds or a date; 0 if it is neither.
 */
export function retryAfter(value, now = Date.now()) {
  value = (value ?? '').trim();
  let asked = NaN;
  if (/^\d+$/.test(value)) asked = 1000 * Number(value);
  else if (date.test(value)) asked = Date.parse(value) - now;
  else if (asctime.test(value)) asked = Date.parse(`${value} GMT`) - now;
  return Number.isNaN(asked) ? 0 : Math.min(Math.max(asked, 0), maxAsked);
}
