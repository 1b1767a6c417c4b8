// ReadableStream, WritableStream, TransformStream and what belongs to them. https://streams.spec.whatwg.org/
//
// They are those of the package web-streams-polyfill, pure JavaScript, which create.ts runs in this realm before this script.
"use strict";
{
  const { expose } = __blockon;
  const streams = globalThis.WebStreamsPolyfill;
  delete globalThis.WebStreamsPolyfill;
  for (const name of Object.keys(streams)) expose(name, streams[name]);

  /** Whether a stream has been read from or cancelled: what the Streams Standard calls disturbed. */
  __blockon.isDisturbed = (stream) => stream._disturbed;
}
