"use strict";
// One stream of events for all tabs: with one per tab a browser's six connections over HTTP/1.1 would be used up.
const ports = new Set();
let source = null, state = "connecting", retry = 0;

function tell(message) {
  for (const port of ports) port.postMessage(message);
}

function close() {
  clearTimeout(retry);
  source?.close();
  source = null;
}

function open() {
  close();
  source = new EventSource("/events");
  source.addEventListener("open", () => { state = "live"; tell({ state }); });
  source.addEventListener("message", (event) => tell({ change: JSON.parse(event.data) }));
  source.addEventListener("error", () => {
    state = "lost";
    tell({ state });
    // A refusal, such as of an ended session, ends the stream for good; then it is tried again later.
    if (source.readyState === EventSource.CLOSED) retry = setTimeout(open, 3000);
  });
}

self.addEventListener("connect", (event) => {
  const port = event.ports[0];
  ports.add(port);
  port.addEventListener("message", (sent) => {
    if (sent.data !== "bye") return;
    ports.delete(port);
    if (!ports.size) close();
  });
  port.start();
  port.postMessage({ state });
  // A tab that was opened after a refusal may have logged in.
  if (!source || source.readyState === EventSource.CLOSED) open();
});
