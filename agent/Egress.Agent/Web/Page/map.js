// Who talks to whom: those who ask on the left, whom they ask on the right; what is denied stands out.

import { classOf, destinationOf, podOf, serviceOf, sourceOf } from "./flows.js";

const MOST = 60;
const STEP = 30;
const WIDTH = 290;
const NS = "http://www.w3.org/2000/svg";

function edgesOf(ring) {
  const edges = new Map();
  for (const flow of ring) {
    // An answer is part of its question's edge.
    if (flow.is_reply) continue;
    const [from, to] = [sourceOf(flow), flow.l7?.dns ? `${destinationOf(flow)} DNS` : destinationOf(flow)];
    const key = `${from}\n${to}`;
    const edge = edges.get(key) ?? { from, to, pod: podOf(flow.source), toPod: podOf(flow.destination), go: 0, warn: 0, stop: 0, services: new Set() };
    edge[classOf(flow)]++;
    if (edge.services.size < 5) edge.services.add(serviceOf(flow));
    edges.set(key, edge);
  }
  // What is denied first, then what is used most.
  return [...edges.values()].sort((a, b) => (b.stop > 0) - (a.stop > 0) || b.go + b.stop + b.warn - (a.go + a.stop + a.warn));
}

function element(name, attributes, ...children) {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const cut = (text) => (text.length > 38 ? `${text.slice(0, 37)}\u2026` : text);

function column(names, x, link) {
  return names.map((name, place) => {
    const y = 20 + place * STEP;
    const box = element("g", { class: "node", tabindex: "0", role: "link", "aria-label": name },
      element("rect", { x, y, width: WIDTH, height: 22, rx: 4 }),
      element("text", { x: x + 8, y: y + 15 }, cut(name)),
      element("title", {}, name));
    const open = () => link(name);
    box.addEventListener("click", open);
    box.addEventListener("keydown", (event) => { if (event.key === "Enter") open(); });
    return box;
  });
}

export function draw(section, ring, open) {
  const all = edgesOf(ring);
  const edges = all.slice(0, MOST);
  const left = [...new Set(edges.map((edge) => edge.from))];
  const right = [...new Set(edges.map((edge) => edge.to))];
  const width = Math.max(section.clientWidth - 40, 760);
  const svg = element("svg", { width, height: 40 + Math.max(left.length, right.length) * STEP, role: "img", "aria-label": `${edges.length} pairs` });
  const pods = new Map(edges.flatMap((edge) => [[edge.from, edge.pod], [edge.to, edge.toPod]]));
  for (const edge of edges) {
    const [y1, y2] = [31 + left.indexOf(edge.from) * STEP, 31 + right.indexOf(edge.to) * STEP];
    const [x1, x2] = [WIDTH, width - WIDTH];
    const total = edge.go + edge.warn + edge.stop;
    const kind = edge.stop ? "stop" : edge.warn ? "warn" : "go";
    svg.append(element("path", {
      class: kind, d: `M${x1},${y1} C${x1 + 120},${y1} ${x2 - 120},${y2} ${x2},${y2}`, "stroke-width": Math.min(6, 1 + Math.log10(total + 1) * 1.6),
    }, element("title", {}, `${edge.from} to ${edge.to}: ${edge.go} allowed, ${edge.stop} denied${edge.warn ? `, ${edge.warn} audited` : ""}; ${[...edge.services].join(", ")}`)));
  }
  svg.append(...column(left, 0, (name) => open(name, pods.get(name))), ...column(right, width - WIDTH, (name) => open(name, pods.get(name))));
  const note = document.createElement("p");
  note.className = "soft";
  note.textContent = edges.length === 0 ? "No flows yet." :
    `${all.length} pairs${all.length > MOST ? `, the first ${MOST} of them` : ""}. Dashed: something was denied. A pod opens its page; anything else filters by it.`;
  section.replaceChildren(note, svg);
}
