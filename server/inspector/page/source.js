// Follows one session by the browser's EventSource. The browser reconnects by itself,
// with the last id, until an answer is not a stream: then it gives up for good, and
// what to do is decided here.

import { backoff, retryAfter } from './delay.js';
import { eventNames } from './names.js';

const maxAnswer = 10_000; // milliseconds

/** The URL of a stream; after is the id to go on after, or empty. */
export function streamURL(session, after) {
  const url = new URL('stream', document.baseURI);
  url.searchParams.set('sessionId', session);
  if (after !== '') url.searchParams.set('lastEventId', after);
  return url;
}

export class Source {
  /**
   * Follows a session from after an id. The handlers are onEvent(name, id, data),
   * onState(state, text) with idle, connecting, live, reconnecting, refused or ended,
   * and async onRefused(status, message), which tells whether to try again.
   */
  constructor(session, after, handlers) {
    this.session = session;
    this.lastID = after;
    this.handlers = handlers;
    this.failures = 0;
    this.closed = false;
    this.open();
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.abort?.abort();
    this.stream?.close();
  }

  open() {
    const stream = this.stream = new EventSource(streamURL(this.session, this.lastID));
    this.handlers.onState('connecting', 'connecting');
    stream.onopen = () => {
      this.failures = 0;
      this.handlers.onState('live', 'live');
    };
    const take = (event) => {
      if (event.lastEventId !== '') this.lastID = event.lastEventId;
      this.handlers.onEvent(event.type, event.lastEventId, event.data);
    };
    for (const name of eventNames) {
      if (name !== 'error') stream.addEventListener(name, take);
    }
    stream.addEventListener('message', take);
    // A failure of the connection and an event called error come to one listener.
    stream.addEventListener('error', (event) => {
      if (event instanceof MessageEvent) take(event);
      else if (stream === this.stream && !this.closed) this.failed(stream);
    });
  }

  failed(stream) {
    if (stream.readyState === EventSource.CONNECTING) {
      this.handlers.onState('reconnecting', 'connection lost, the browser reconnects');
      return;
    }
    stream.close();
    this.diagnose();
  }

  /** Asks for what an EventSource does not tell: the status. */
  async diagnose() {
    let status = 0, message = 'the server cannot be reached', wait = 0;
    this.abort = new AbortController();
    const patience = setTimeout(() => this.abort.abort(), maxAnswer); // also for a body without an end
    try {
      const answer = await fetch(streamURL(this.session, this.lastID), { signal: this.abort.signal, cache: 'no-store' });
      status = answer.status;
      wait = retryAfter(answer.headers.get('Retry-After'));
      if (status >= 400) message = await describe(answer);
    } catch { /* it stays unreachable */ }
    clearTimeout(patience);
    this.abort.abort();
    if (this.closed) return;
    if (status === 204) {
      this.handlers.onState('ended', 'the session has ended');
      return;
    }
    const mends = status === 0 || status === 200 || status === 408 || status === 425 || status === 429 || status >= 500;
    if (!mends) {
      this.handlers.onState('refused', message);
      if (!await this.handlers.onRefused(status, message) || this.closed) return;
      this.open();
      return;
    }
    const delay = Math.max(wait, backoff(this.failures++));
    const reason = status === 0 || status === 200 ? message : `${status}: ${message}`;
    this.handlers.onState('reconnecting', `${status === 200 ? 'the browser gave up' : reason}; opening anew after ${this.lastID || 'now'}`);
    this.timer = setTimeout(() => this.open(), delay);
  }
}

async function describe(answer) {
  try {
    return shorten((await answer.json()).error.message);
  } catch {
    return shorten(answer.statusText) || `status ${answer.status}`;
  }
}

/** Returns the beginning of a text that may be of any length, without half a character. */
function shorten(text) {
  return text.length <= 300 ? text : `${text.slice(0, 300).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
