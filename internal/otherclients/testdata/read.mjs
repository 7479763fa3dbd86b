// Reads a stream with the client that is named, and prints what that hands to its user: one
// line of JSON each.
const [, , name, url, event] = process.argv;
const tell = (what) => console.log(JSON.stringify(what));
const told = (e) => tell({ Kind: 'event', Name: e.type ?? e.event, ID: e.lastEventId ?? e.id, Data: e.data });
const failed = (text) => tell({ Kind: 'error', Text: String(text) });
const ended = (text) => tell({ Kind: 'end', Text: text === undefined ? '' : String(text) });

const clients = {
  async eventsource() {
    const { EventSource } = await import('eventsource');
    const stream = new EventSource(url);
    for (const type of [event, 'message']) stream.addEventListener(type, told);
    stream.addEventListener('error', (e) => {
      failed(e.message ?? '');
      if (stream.readyState === stream.CLOSED) ended(e.code);
    });
  },
  async 'eventsource-client'() {
    const { createEventSource } = await import('eventsource-client');
    createEventSource({ url, onMessage: told, onDisconnect: () => failed('disconnected') });
  },
  async 'fetch-event-source'() {
    // The library is for browsers: these are what it uses of one.
    globalThis.window = globalThis;
    globalThis.document = { hidden: false, addEventListener() {}, removeEventListener() {} };
    const { fetchEventSource } = await import('@microsoft/fetch-event-source/lib/cjs/index.js').then((m) => m.default ?? m);
    await fetchEventSource(url, {
      openWhenHidden: true,
      async onopen(response) { if (response.status !== 200) throw new Error(`refused: ${response.status}`); },
      onmessage: told,
      onclose() { throw new Error('closed'); },
      onerror(error) {
        failed(error.message);
        if (error.message.startsWith('refused')) throw error;
        return 100;
      },
    }).then(() => ended(), (error) => ended(error.message));
  },
  async 'launchdarkly-eventsource'() {
    const { EventSource } = await import('launchdarkly-eventsource').then((m) => m.default ?? m);
    const stream = new EventSource(url, { initialRetryDelayMillis: 100 });
    for (const type of [event, 'message']) stream.addEventListener(type, told);
    stream.onerror = (e) => failed(e.message ?? e.status ?? '');
    stream.onend = () => failed('end');
  },
  async openai() {
    const { Stream } = await import('openai/core/streaming');
    await sdk(Stream);
  },
  async anthropic() {
    const { Stream } = await import('@anthropic-ai/sdk/core/streaming');
    await sdk(Stream);
  },
};

// sdk reads one answer with the reader of an SDK, which hands over the data alone.
async function sdk(Stream) {
  const stop = new AbortController();
  const response = await fetch(url, { signal: stop.signal });
  try {
    for await (const data of Stream.fromSSEResponse(response, stop)) tell({ Kind: 'event', Data: JSON.stringify(data) });
    ended();
  } catch (error) {
    ended(error.cause?.code ?? error.message);
  }
}

await clients[name]();
