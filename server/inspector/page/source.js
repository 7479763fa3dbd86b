// Follows one session by the browser's EventSource. The browser reconnects by itself,
// with the last id, until an answer is not a stream: then it gives up for good, and
// what to do is decided here.

import { backoff, retryAfter } from './delay.js';
import { eventNames, operation } from './names.js';

const maxAnswer = 10_000; // milliseconds

/**
 * The URL of a stream; after is the id to go on after, or empty. Parameters other than the
 * session are those of the page's own address. It throws an Error for one that is missing.
 */
export function streamURL(session, after) {
  const given = new URLSearchParams(location.search);
  const own = operation.session;
  const names = [...operation.path.matchAll(/\{([^{}]+)\}/g)].map(([, name]) => name);
  const path = operation.path.replace(/\{([^{}]+)\}/g, (_, name) => {
    const value = own?.in === 'path' && name === own.name ? session : given.get(name) ?? '';
    if (value === '') throw new Error(`the address of this page must say ${name}: add ?${encodeURIComponent(name)}=…`);
    return encodeURIComponent(value);
  });
  const url = new URL(`./${path}`, document.baseURI);
  for (const [name, value] of given) if (!names.includes(name)) url.searchParams.append(name, value);
  if (own?.in === 'query') url.searchParams.set(own.name, session);
  if (after !== '') url.searchParams.set(operation.position, after);
  return url;
}

/** The name of an event. Where the contract names events within their data, it is there. */
function nameOf(event) {
  if (operation.nameIn === '') return event.type;
  try {
    const name = JSON.parse(event.data)[operation.nameIn];
    if (eventNames.includes(name)) return name;
  } catch { /* it names none */ }
  return event.type;
}

export class Source {
  /**
   * Follows a session from after an id. The handlers are onEvent(name, id, data),
   * onGap(id, text) where the server can tell a gap by a refusal only, onState(state, text)
   * with idle, connecting, live, reconnecting, refused or ended, and async onRefused(status, message), which tells whether to try again.
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
    let url;
    try {
      url = streamURL(this.session, this.lastID);
    } catch (error) {
      this.handlers.onState('refused', error.message);
      return;
    }
    const stream = this.stream = new EventSource(url);
    this.handlers.onState('connecting', 'connecting');
    const take = (event) => {
      if (event.lastEventId !== '') this.lastID = event.lastEventId;
      this.handlers.onEvent(nameOf(event), event.lastEventId, event.data);
    };
    // An event without a name is a message.
    for (const name of new Set([...eventNames, 'message'])) {
      if (name !== '' && name !== 'error' && name !== 'open') stream.addEventListener(name, take);
    }
    // What happens to the connection, and events called open and error, come to one listener.
    stream.addEventListener('open', (event) => {
      if (event instanceof MessageEvent) {
        take(event);
        return;
      }
      this.failures = 0;
      this.handlers.onState('live', 'live');
    });
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
    let status = 0, behind = null, message = 'the server cannot be reached', wait = 0;
    this.abort = new AbortController();
    const patience = setTimeout(() => this.abort.abort(), maxAnswer); // also for a body without an end
    try {
      const answer = await fetch(streamURL(this.session, this.lastID), { signal: this.abort.signal, cache: 'no-store' });
      status = answer.status;
      wait = retryAfter(answer.headers.get('Retry-After'));
      if (status >= 400) message = await describe(answer);
      if (status === 410) behind = answer.headers.get('Last-Event-ID');
    } catch { /* it stays unreachable */ }
    clearTimeout(patience);
    this.abort.abort();
    if (this.closed) return;
    if (status === 204) {
      this.handlers.onState('ended', 'the session has ended');
      return;
    }
    if (behind !== null) {
      this.lastID = behind;
      this.handlers.onGap(behind, message);
    }
    const mends = behind !== null || status === 0 || status === 200 || status === 408 || status === 425 || status === 429 || status >= 500;
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
    const body = await answer.json();
    for (const said of [body.error?.message, body.detail, body.message, body.title, body.error]) {
      if (typeof said === 'string' && said !== '') return shorten(said);
    }
  } catch { /* the status says it */ }
  return shorten(answer.statusText) || `status ${answer.status}`;
}

/** Returns the beginning of a text that may be of any length, without half a character. */
function shorten(text) {
  return text.length <= 300 ? text : `${text.slice(0, 300).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
