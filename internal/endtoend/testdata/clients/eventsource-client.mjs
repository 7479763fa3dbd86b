import { createEventSource } from 'eventsource-client';

const stream = createEventSource({ url: `${process.argv[2]}/stream?sessionId=s1`, initialLastEventId: '0' });
for await (const { event, id, data } of stream) {
  if (event === 'content') console.log(id, JSON.parse(data).content);
  if (event === 'complete') break;
}
stream.close();
