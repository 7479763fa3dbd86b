import { EventSource } from 'eventsource';

const stream = new EventSource(`${process.argv[2]}/stream?sessionId=s1&lastEventId=0`);
stream.addEventListener('content', (event) => console.log(event.lastEventId, JSON.parse(event.data).content));
stream.addEventListener('complete', () => stream.close());
stream.addEventListener('error', (event) => {
  if (event.data !== undefined) console.log('the server said', event.data); // an event called error
  else if (stream.readyState === stream.CLOSED) throw new Error(`given up: ${event.code} ${event.message}`);
});
