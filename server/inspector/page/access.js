// The bearer token: it stays in this page, and the server keeps it sealed in a cookie
// for a while, since an EventSource cannot send it.

const renewEvery = 5 * 60_000;

export class Access {
  constructor() {
    this.token = '';
    this.timer = 0;
  }

  /** Has the server keep the token in the page's cookie, and tells whether it does. */
  async unlock() {
    clearTimeout(this.timer);
    try {
      const answer = await fetch(new URL('inspector/access', document.baseURI), {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${this.token}` },
      });
      if (answer.ok) this.timer = setTimeout(() => this.unlock(), renewEvery);
      return answer.ok;
    } catch {
      return false;
    }
  }

  /** Has the cookie made anew, and tells whether the URL is not refused with it. */
  async renew(url) {
    if (this.token === '' || !await this.unlock()) return false;
    const abort = new AbortController();
    try {
      return (await fetch(url, { signal: abort.signal, cache: 'no-store' })).status !== 401;
    } catch {
      return true; // that is for whoever connects to find out
    } finally {
      abort.abort();
    }
  }
}
