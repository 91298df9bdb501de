// The page: it sends the text, shows what was found, and moves through it. Every text goes into the
// page as text, never as HTML.
import { closePanel, showEntity, showSentence } from "./panel.js";
import { ask, element, server } from "./tools.js";

const [form, box, find, count, error, result, summary, types, named] = [
  "form", "text", "find", "count", "error", "result", "summary", "types", "named",
].map((id) => document.getElementById(id));
const EXAMPLE = "Angela Merkel met the UN in Geneva. Bob Smith flew from New York to Oslo.";
let reading = null; // what the server is asked now
let shown = ""; // the text whose entities are shown

// JavaScript counts UTF-16 units, the server characters.
const length = (text) => { let n = 0; for (const _ of text) n++; return n; };

function countCharacters() {
  const n = length(box.value);
  const isOver = n > server.characters;
  count.textContent = n > server.characters / 2
    ? `${n.toLocaleString("en")} of at most ${server.characters.toLocaleString("en")} characters` : "";
  count.classList.toggle("over", isOver);
}

async function read(event) {
  event?.preventDefault();
  reading?.abort();
  const mine = reading = new AbortController();
  closePanel();
  error.hidden = true;
  find.disabled = true;
  find.textContent = "Reading …";
  result.setAttribute("aria-busy", "true");
  const text = box.value.toWellFormed ? box.value.toWellFormed() : box.value;
  const began = performance.now();
  try {
    const found = await ask("predict", { text, sentences: true }, mine.signal);
    shown = text;
    show(found, performance.now() - began);
  } catch (problem) {
    if (mine !== reading) return; // a later text is on its way
    result.hidden = true;
    error.textContent = problem instanceof TypeError ? "The server does not answer." : problem.message;
    error.hidden = false;
  } finally {
    if (mine === reading) {
      find.disabled = false;
      find.textContent = "Find entities";
      result.removeAttribute("aria-busy");
    }
  }
}

function show(found, milliseconds) {
  const plural = (n, one, many) => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
  summary.textContent = `${plural(found.entities.length, "entity", "entities")} in `
    + `${plural(found.sentences.length, "sentence", "sentences")}, ${Math.round(milliseconds)} ms`;
  const counts = new Map();
  for (const { label } of found.entities) counts.set(label, (counts.get(label) ?? 0) + 1);
  types.replaceChildren(...[...counts].sort((a, b) => b[1] - a[1]).map(
    ([label, n]) => element("li", server.labels[label] ?? "", `${label} ${n}`)));
  named.replaceChildren(...paragraphs(found));
  named.tabIndex = 0;
  result.hidden = false;
}

// Offsets count characters, so the text is cut by characters, too.
function paragraphs(found) {
  const characters = Array.from(found.text);
  const cut = (from, to) => characters.slice(from, to).join("");
  const made = [];
  let paragraph = null;
  let at = 0;
  let next = 0;
  const begin = () => {
    paragraph = element("span", "paragraph");
    paragraph.dir = "auto";
    made.push(paragraph);
  };
  begin();
  for (const { start_char: start, end_char: end } of found.sentences) {
    const between = cut(at, start);
    paragraph.append(between);
    if (between.includes("\n")) begin();
    const sentence = element("span", "sentence");
    sentence.tabIndex = -1;
    sentence.dataset.start = start;
    const inside = [];
    while (next < found.entities.length && found.entities[next].start_char < end) {
      inside.push({ ...found.entities[next], number: next++ });
    }
    fill(sentence, inside, start, end, cut);
    paragraph.append(sentence);
    at = end;
  }
  paragraph.append(cut(at));
  return made;
}

// An entity inside another becomes a mark inside its mark; one that crosses another is cut off there.
function fill(parent, entities, start, end, cut) {
  const waiting = [...entities].sort((a, b) => a.start_char - b.start_char || b.end_char - a.end_char);
  let at = start;
  while (waiting.length) {
    const outer = waiting.shift();
    const from = Math.max(outer.start_char, at);
    const to = Math.min(outer.end_char, end);
    if (from >= to) continue;
    const inner = [];
    while (waiting.length && waiting[0].start_char < to) inner.push(waiting.shift());
    parent.append(cut(at, from));
    const mark = element("mark", `entity ${server.labels[outer.label] ?? ""}`);
    mark.tabIndex = -1;
    mark.setAttribute("role", "button");
    mark.setAttribute("aria-label", `${outer.text}: ${outer.label}, ${outer.score.toFixed(2)}`);
    fill(mark, inner, from, to, cut);
    const tag = element("bdi", "tag", `${outer.label} ${outer.score.toFixed(2)}`);
    tag.dir = "ltr";
    mark.append(tag);
    parent.append(mark);
    mark.found = outer;
    at = to;
  }
  parent.append(cut(at, end));
}

async function open(target) {
  for (const other of named.querySelectorAll(".open")) other.classList.remove("open");
  target.classList.add("open");
  focusOn(target);
  if (target.matches(".entity")) {
    await showEntity(shown, target.found);
  } else await showSentence(shown, Number(target.dataset.start));
  target.scrollIntoView({ block: "nearest" });
}

function focusOn(target) {
  for (const other of named.querySelectorAll("[tabindex='0']")) other.tabIndex = -1;
  named.tabIndex = -1;
  target.tabIndex = 0;
  target.focus();
}

function move(event) {
  const current = event.target.closest(".entity, .sentence");
  if (event.key === "Enter" || event.key === " ") {
    if (!current) return;
    event.preventDefault();
    open(current);
    return;
  }
  const isLeftwards = getComputedStyle(current ?? named).direction === "rtl";
  const steps = { ArrowDown: 1, ArrowUp: -1, ArrowRight: isLeftwards ? -1 : 1, ArrowLeft: isLeftwards ? 1 : -1 };
  const step = steps[event.key];
  if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const all = [...named.querySelectorAll(".sentence, .entity")];
  if (!all.length) return;
  const place = current ? all.indexOf(current) + step : 0;
  focusOn(all[Math.min(Math.max(place, 0), all.length - 1)]);
}

form.addEventListener("submit", read);
box.addEventListener("input", countCharacters);
box.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) read(event);
});
document.getElementById("example").addEventListener("click", () => {
  box.value = EXAMPLE;
  countCharacters();
  read();
});
named.addEventListener("click", (event) => {
  if (!getSelection().isCollapsed) return; // somebody marks a passage
  const target = event.target.closest(".entity, .sentence");
  if (target) open(target);
});
named.addEventListener("keydown", move);
document.getElementById("close").addEventListener("click", leave);
addEventListener("keydown", (event) => { if (event.key === "Escape") leave(); });

function leave() {
  closePanel();
  const opened = named.querySelector(".open");
  opened?.classList.remove("open");
  opened?.focus();
}

try {
  Object.assign(server, await ask("run"));
  document.getElementById("run").textContent = `${server.run}: ${Object.keys(server.labels).join(", ")}`;
} catch {
  error.textContent = "The server does not answer.";
  error.hidden = false;
}
countCharacters();
