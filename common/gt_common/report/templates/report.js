"use strict";
(() => {
  const blocks = [...document.querySelectorAll("script.rows")];
  const body = document.getElementById("rows");
  const [bar, shown, find] = ["pager", "shown", "find"].map((id) => document.getElementById(id));
  const total = Number(bar.dataset.total), size = Number(bar.dataset.block);
  const first = [...body.children];
  let page = 0, asked = 0;

  async function load(number) {
    const packed = Uint8Array.from(atob(blocks[number].textContent.trim()), (c) => c.charCodeAt(0));
    const text = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(text).text());
  }

  function element(tag, kind, text) {
    const made = document.createElement(tag);
    if (kind) made.className = kind;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function link(href, text) {
    const made = element("a", "", text);
    made.href = href;
    made.rel = "noreferrer";
    return made;
  }

  function row(cells) {
    const [id, position, status, stage, time, tries, label, href, worker, video, name, length, remark, why, cost] = cells;
    const line = element("tr");
    line.id = `s-${id}`;
    const state = element("td");
    state.append(element("span", `pill ${status}`, status));
    const story = element("td", "story");
    story.append(href ? link(href, label) : label);
    if (worker) story.append(element("br"), element("span", "soft", worker));
    const outcome = element("td", "outcome");
    if (video) outcome.append(link(video, name));
    if (video && length) outcome.append(element("br"), element("span", "soft", `${length} of video`));
    if (remark) outcome.append(element("div", "why remark", remark));
    if (why) outcome.append(element("div", "why", why));
    const took = element("td", "num", time);
    if (cost) took.append(element("br"), element("span", "soft", cost));
    line.append(element("td", "num", position), state, element("td", "", stage), took,
      element("td", "", tries), story, outcome);
    return line;
  }

  async function show(number) {
    const turn = ++asked;
    const lines = number === 0 ? first : (await load(number)).map(row);
    if (turn !== asked) return;
    page = number;
    body.replaceChildren(...lines);
    const start = number * size;
    shown.textContent = `${start + 1} to ${start + lines.length} of ${total}`;
  }

  async function search(words) {
    const turn = ++asked, found = [];
    for (let number = 0; number < blocks.length && found.length < size; number++) {
      for (const cells of await load(number)) {
        if (found.length < size && cells.join(" ").toLowerCase().includes(words)) found.push(cells);
      }
      if (turn !== asked) return;
    }
    body.replaceChildren(...found.map(row));
    shown.textContent = found.length < size ? `${found.length} found` : `the first ${size} found`;
  }

  const last = blocks.length - 1;
  const pages = { first: () => 0, back: () => Math.max(page - 1, 0), next: () => Math.min(page + 1, last), last: () => last };
  for (const [name, target] of Object.entries(pages)) {
    document.getElementById(name).addEventListener("click", () => { find.value = ""; show(target()); });
  }
  find.addEventListener("input", () => {
    const words = find.value.trim().toLowerCase();
    words ? search(words) : show(page);
  });
  if ("DecompressionStream" in window) bar.hidden = false;
})();
