"use strict";
(() => {
  const shown = document.getElementById("state");
  const [kind, id] = document.body.dataset.live.split(/:(.*)/s);
  let stale = false, fetching = false, failed = 0;

  const concerns = (change) =>
    kind === "fleet" ? change.fleet : change.all || (kind === "batches" ? change.batches.length > 0 : change.batches.includes(id));

  function say(state) {
    if (!shown) return;
    shown.hidden = false;
    shown.textContent = state === "live" ? "live" : "reconnecting";
    shown.classList.toggle("live", state === "live");
  }

  async function refresh() {
    if (!stale || fetching || document.hidden) return;
    stale = false;
    fetching = true;
    try {
      await htmx.ajax("GET", location.pathname + location.search, { source: "#page", target: "#page", select: "#page", swap: "outerMorph" });
      failed = 0;
    } catch {
      stale = true;
      failed += 1;
    }
    fetching = false;
    if (stale) setTimeout(refresh, failed ? 2000 : 0);
  }

  function take(message) {
    if (message.state) say(message.state);
    if (!message.change || !concerns(message.change)) return;
    stale = true;
    refresh();
  }

  function listen() {
    if ("SharedWorker" in window) {
      const port = new SharedWorker("/static/events.js").port;
      port.addEventListener("message", (event) => take(event.data));
      port.start();
      addEventListener("pagehide", () => port.postMessage("bye"));
      addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
      return;
    }
    // Without shared workers, as on some phones, only the tab in front listens.
    let source = null;
    const follow = () => {
      if (document.hidden) { source?.close(); source = null; return; }
      if (source) return;
      source = new EventSource("/events");
      source.addEventListener("open", () => take({ state: "live" }));
      source.addEventListener("error", () => take({ state: "lost" }));
      source.addEventListener("message", (event) => take({ change: JSON.parse(event.data) }));
    };
    document.addEventListener("visibilitychange", follow);
    follow();
  }

  const curves = [
    ["Stories", { waiting: "waiting", retrying: "waiting again", dead: "dead letters" }],
    ["Slots", { busy: "busy", slots: "slots" }],
  ];
  const colours = { waiting: "--running", retrying: "--retrying", dead: "--failed", busy: "--running", slots: "--cancelled" };
  const plots = [];

  async function draw() {
    const place = document.getElementById("plot");
    if (!place || !window.uPlot || document.hidden) return;
    const samples = await (await fetch("/api/samples")).json();
    if (samples.at.length < 2) return;
    document.getElementById("curves").hidden = false;
    curves.forEach(([name, lines], number) => {
      const data = [samples.at, ...Object.keys(lines).map((line) => samples[line])];
      if (plots[number]) plots[number].setData(data);
      else plots[number] = plot(place, name, lines, data);
    });
  }

  function plot(place, name, lines, data) {
    const colour = (property) => getComputedStyle(document.documentElement).getPropertyValue(property).trim();
    const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 } };
    const series = Object.entries(lines).map(([line, label]) => ({ label, stroke: colour(colours[line]), width: 2, points: { show: false } }));
    const clock = (_, times) => times.map((at) => new Date(at * 1000).toTimeString().slice(0, 8));
    const size = () => ({ width: place.clientWidth, height: 170 });
    const made = new uPlot({ ...size(), series: [{}, ...series], axes: [{ ...axis, values: clock, space: 90 }, { ...axis, size: 44 }], scales: { y: { range: (_, low, high) => [0, Math.max(high, 1)] } }, legend: { live: false }, cursor: { points: { show: false } } }, data, place);
    made.root.setAttribute("role", "img");
    made.root.setAttribute("aria-label", name);
    addEventListener("resize", () => made.setSize(size()));
    return made;
  }

  if (kind) {
    listen();
    document.addEventListener("visibilitychange", refresh);
  }
  if (document.getElementById("plot")) {
    draw();
    setInterval(draw, 5000);
  }
})();
