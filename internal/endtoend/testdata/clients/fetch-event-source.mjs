// The library is for browsers: these are what it uses of one.
globalThis.window = globalThis;
globalThis.document = { hidden: false, addEventListener() {}, removeEventListener() {} };

const { fetchEventSource } = await import('@microsoft/fetch-event-source/lib/cjs/index.js').then((m) => m.default ?? m);
const stop = new AbortController();
// A Last-Event-ID among its headers would be sent again beside its own.
await fetchEventSource(`${process.argv[2]}/stream?sessionId=s1&lastEventId=0`, {
  signal: stop.signal,
  openWhenHidden: true,
  async onopen(response) {
    if (response.status === 204) stop.abort(); // the session has ended
    else if (!response.ok) throw new Error(`refused: ${response.status}`);
  },
  onmessage({ event, id, data }) {
    if (event === 'content') console.log(id, JSON.parse(data).content);
    if (event === 'complete') stop.abort();
  },
  onclose() { throw new Error('cut'); }, // or an end of the connection counts as the end of the stream
  onerror(error) {
    if (error.message.startsWith('refused')) throw error;
    return 1000; // milliseconds
  },
});
