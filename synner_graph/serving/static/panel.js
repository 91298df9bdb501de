// The panel: the tree of a sentence, and the edges that spoke for an entity.
import { ask, element } from "./tools.js";

const MOST_EDGES = 12;
const [panel, title, content] = ["panel", "title", "content"].map((id) => document.getElementById(id));
let asking = null;

export function closePanel() {
  asking?.abort();
  panel.hidden = true;
  content.replaceChildren();
}

export function showSentence(text, start) {
  return begin("Sentence", (signal) => [tree(text, start, signal)]);
}

export function showEntity(text, entity) {
  const name = `${entity.text} · ${entity.label} ${entity.score.toFixed(2)}`;
  return begin(name, (signal) => [edges(text, entity.number, signal), tree(text, entity.start_char, signal)]);
}

// Each part is asked for by itself, and fails by itself, with the server's sentence in its place.
async function begin(name, parts) {
  asking?.abort();
  const mine = asking = new AbortController();
  title.textContent = name;
  panel.hidden = false;
  content.replaceChildren(element("p", "note", "Reading …"));
  const found = await Promise.all(parts(mine.signal).map((part) => part.catch((problem) => {
    const isGone = problem instanceof TypeError;
    return [element("p", "note", isGone ? "The server does not answer." : problem.message)];
  })));
  if (mine !== asking) return;
  content.replaceChildren(...found.flat());
  panel.scrollTop = 0;
  for (const box of content.querySelectorAll(".why")) center(box, box.querySelector("g.entity"));
}

async function tree(text, start, signal) {
  const found = await ask("draw", { text, character: start }, signal);
  const made = [element("h3", "", found.has_tree ? "Tree" : "Words"), drawing(found.svg)];
  if (!found.has_tree) made.push(element("p", "note", "This model reads no trees."));
  return made;
}

async function edges(text, entity, signal) {
  const found = await ask("explain", { text, entity }, signal);
  const picture = drawing(found.svg);
  picture.classList.add("why");
  const made = [element("h3", "", "Edges that spoke for it and against it"), picture];
  made.push(element("p", "note", "A message that is stronger by one percent raises the "
    + "log-probability of the entity by one percent of its contribution. Edges with less than two "
    + "percent of the greatest contribution are not drawn."));
  made.push(table(found));
  return made;
}

// The sum over the layers, greatest first.
function table({ nodes, edges: rows }) {
  const sums = new Map();
  for (const { source, target, relation, kind, contribution } of rows) {
    const key = JSON.stringify([source, target, relation, kind]);
    sums.set(key, (sums.get(key) ?? 0) + contribution);
  }
  const sorted = [...sums].sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
  const body = element("tbody");
  for (const [key, contribution] of sorted.slice(0, MOST_EDGES)) {
    const [source, target, relation, kind] = JSON.parse(key);
    const row = element("tr");
    for (const word of [nodes[source], nodes[target]]) {
      const cell = element("td", "", word);
      cell.dir = "auto";
      row.append(cell);
    }
    row.append(element("td", "", relation.replace(` (${kind})`, "")), element("td", "", kind));
    row.append(element("td", contribution < 0 ? "against" : "for", signed(contribution)));
    body.append(row);
  }
  const head = element("tr");
  for (const name of ["from", "to", "relation", "kind", "contribution"]) {
    const cell = element("th", "", name);
    cell.scope = "col";
    head.append(cell);
  }
  const top = element("thead");
  top.append(head);
  const made = element("table");
  made.append(top, body);
  const scroll = element("div", "scroll");
  scroll.append(made);
  if (sorted.length > MOST_EDGES) {
    scroll.append(element("p", "note", `and ${sorted.length - MOST_EDGES} with less`));
  }
  return scroll;
}

function center(box, part) {
  if (!part) return;
  const [outer, inner] = [box, part].map((shape) => shape.getBoundingClientRect());
  box.scrollLeft += (inner.left + inner.right - outer.left - outer.right) / 2;
}

const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toPrecision(2)}`;

// The server escapes every word of a drawing; what is no element of a drawing is left out all the same.
const DRAWN = new Set(["svg", "g", "path", "rect", "circle", "text", "title"]);

function drawing(svg) {
  const root = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
  for (const part of [root, ...root.querySelectorAll("*")]) {
    if (!DRAWN.has(part.localName)) part.remove();
  }
  const box = element("div", "drawing");
  box.dir = root.querySelector("text.r") ? "rtl" : "ltr";
  box.tabIndex = 0; // scrolls with the arrow keys
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", "Drawing");
  box.append(document.importNode(root, true));
  return box;
}
