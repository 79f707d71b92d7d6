// The page: views, filters in the address, keys.

import { FilterFault, Ring, classOf, destinationText, filtersOf, kindOf, podOf, read, sourceText } from "./flows.js";
import { draw } from "./map.js";

const ROW = 26;
const $ = (id) => document.getElementById(id);
const ring = new Ring();
const form = $("filters");
let lost = 0;
let stale = false;     // the agent will tell all of it again: what is here goes when the first of that comes
let paused = false;
let from = 0;          // where the list stands while it is paused or scrolled
let selected = null;
let dirty = true;
let running = null;

const query = () => new URLSearchParams(location.search);

// ---- coming in

async function connect() {
  running?.abort();
  const mine = (running = new AbortController());
  ring.clear();
  lost = 0;
  stale = false;
  for (let wait = 500; !mine.signal.aborted; wait = Math.min(wait * 2, 10_000)) {
    try {
      fault(null);
      await read(filtersOf(query()), mine.signal, (batch) => { wait = 500; take(batch); });
    } catch (error) {
      if (mine.signal.aborted) return;
      fault(error instanceof FilterFault ? error.message : "The agent can't be reached; trying again.");
      if (error instanceof FilterFault) return;
    }
    stale = true;
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

function take(batch) {
  if (stale) {
    ring.clear();
    stale = false;
  }
  for (const response of batch) {
    if (response.flow) ring.add(response.flow);
    else if (response.lost_events) lost += Number(response.lost_events.num_events_lost);
  }
  dirty = true;
}

function fault(text) {
  $("fault").hidden = !text;
  $("fault").textContent = text ?? "";
}

// ---- the list: only the rows that can be seen are there

function render() {
  dirty = false;
  const viewport = $("viewport");
  if (!paused && viewport.scrollTop === 0) from = ring.seen;
  const count = Math.min(ring.length, from);
  $("spacer").style.height = `${count * ROW}px`;
  const first = Math.max(0, Math.floor(viewport.scrollTop / ROW) - 5);
  const last = Math.min(count, first + Math.ceil(viewport.clientHeight / ROW) + 10);
  const rows = [];
  for (let place = first; place < last; place++) {
    const flow = ring.at(place, from);
    if (flow) rows.push(row(flow));
  }
  $("rows").style.transform = `translateY(${first * ROW}px)`;
  $("rows").replaceChildren(...rows);
  $("state").textContent = `${ring.length.toLocaleString()} flows${lost ? `, ${lost.toLocaleString()} lost` : ""}${paused ? ", paused" : ""}`;
  if (!$("map").hidden) draw($("map"), ring, openNode);
}

function row(flow) {
  const made = document.createElement("div");
  made.className = `row ${classOf(flow)}`;
  made.setAttribute("role", "option");
  made.setAttribute("aria-selected", String(flow === selected));
  const cells = [time(flow), sourceText(flow), destinationText(flow), kindOf(flow), flow.verdict ?? "", flow.Summary ?? ""];
  cells.forEach((text, place) => {
    const cell = document.createElement("span");
    if (place === 4) cell.className = "verdict";
    cell.textContent = text;
    made.append(cell);
  });
  made.addEventListener("click", () => select(flow));
  return made;
}

const time = (flow) => {
  const date = new Date(flow.time);
  return `${date.toLocaleTimeString([], { hour12: false })}.${String(date.getMilliseconds()).padStart(3, "0")}`;
};

function select(flow) {
  selected = flow;
  dirty = true;
  const aside = $("detail");
  aside.hidden = !flow;
  if (!flow) return;
  const list = document.createElement("dl");
  const field = (name, value, link) => {
    if (!value) return;
    const [term, text] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = name;
    if (link) {
      const anchor = document.createElement("a");
      anchor.href = link;
      anchor.textContent = value;
      text.append(anchor);
    } else text.textContent = value;
    list.append(term, text);
  };
  const page = (end) => podOf(end) && `#/pod/${podOf(end)}`;
  field("Time", new Date(flow.time).toISOString());
  field("Verdict", `${flow.verdict} ${kindOf(flow)}`);
  field("Rule", flow.egress?.rule || (flow.verdict === "DROPPED" && !flow.l7 ? "no rule matched" : ""));
  field("Source", sourceText(flow), page(flow.source));
  field("Destination", destinationText(flow), page(flow.destination));
  field("Names", (flow.destination_names ?? []).join(", "));
  field("Summary", flow.Summary);
  field("Node", flow.node_name);
  const whole = document.createElement("pre");
  whole.textContent = JSON.stringify(flow, null, 2);
  const title = document.createElement("h2");
  title.textContent = "Flow";
  aside.replaceChildren(title, list, whole);
}

// ---- a pod's page

async function showPod(pod) {
  const section = $("pod");
  const title = document.createElement("h2");
  title.textContent = pod;
  const note = document.createElement("p");
  note.className = "soft";
  section.replaceChildren(title, note);
  const response = await fetch(`api/why?pod=${encodeURIComponent(pod)}`);
  if (!response.ok) { note.textContent = await response.text(); return; }
  const stops = await response.json();
  note.textContent = stops.length ? `Stopped from ${stops.length} destination${stops.length > 1 ? "s" : ""}, the newest first.` : "Was not stopped, as far as is still remembered.";
  for (const stop of stops) {
    const card = document.createElement("article");
    card.className = "card";
    const head = document.createElement("strong");
    head.textContent = `${stop.direction} ${stop.direction === "egress" ? "to" : "from"} ${stop.peer}${stop.port ? ` ${stop.port}` : ""}`;
    const what = document.createElement("p");
    what.textContent = `${stop.reason}. ${stop.count} times, last ${new Date(stop.last).toLocaleString()}. ${stop.meaning}`;
    card.append(head, what);
    if (stop.yaml) {
      const yaml = document.createElement("pre");
      yaml.textContent = stop.yaml;
      const copy = document.createElement("button");
      copy.textContent = "Copy";
      copy.addEventListener("click", () => navigator.clipboard?.writeText(stop.yaml));
      card.append(yaml, copy);
    }
    section.append(card);
  }
}

function openNode(name, pod) {
  if (pod) location.hash = `#/pod/${pod}`;
  else {
    form.elements.name.value = /^[0-9.]+$|:/.test(name) ? "" : name.replace(/ DNS$/, "");
    form.elements.ip.value = /^[0-9.]+$|:/.test(name) ? name : "";
    filtersChanged();
    location.hash = "#/flows";
  }
}

// ---- views, filters, keys

function route() {
  const [, view = "flows", ...rest] = location.hash.split("/");
  const known = ["flows", "map", "pod"].includes(view) ? view : "flows";
  for (const name of ["flows", "map", "pod"]) $(name).hidden = name !== known;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.view === known) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (known === "pod") showPod(rest.map(decodeURIComponent).join("/"));
  dirty = true;
}

function filtersChanged() {
  const params = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value) params.set(name, value);
  const text = params.toString();
  history.replaceState(null, "", `${location.pathname}${text ? `?${text}` : ""}${location.hash}`);
  connect();
}

let settle;
form.addEventListener("input", () => { clearTimeout(settle); settle = setTimeout(filtersChanged, 250); });
form.addEventListener("reset", () => setTimeout(filtersChanged));
form.addEventListener("submit", (event) => { event.preventDefault(); filtersChanged(); });
$("viewport").addEventListener("scroll", () => { dirty = true; });
addEventListener("resize", () => { dirty = true; });
addEventListener("hashchange", route);
$("pause").addEventListener("click", () => pause(!paused));
$("theme").addEventListener("click", theme);

function pause(value) {
  paused = value;
  $("pause").setAttribute("aria-pressed", String(paused));
  $("pause").textContent = paused ? "Go on" : "Pause";
  dirty = true;
}

function theme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
}

function move(by) {
  if (!paused) pause(true);
  const count = Math.min(ring.length, from);
  let place = -1;
  for (let i = 0; i < count; i++) if (ring.at(i, from) === selected) { place = i; break; }
  const next = Math.min(Math.max(place + by, 0), count - 1);
  if (next < 0) return;
  selected = ring.at(next, from);
  if (!$("detail").hidden) select(selected);
  const viewport = $("viewport");
  if (next * ROW < viewport.scrollTop) viewport.scrollTop = next * ROW;
  if ((next + 1) * ROW > viewport.scrollTop + viewport.clientHeight) viewport.scrollTop = (next + 1) * ROW - viewport.clientHeight;
  dirty = true;
}

const keys = {
  "/": () => form.elements.name.focus(), j: () => move(1), k: () => move(-1), ArrowDown: () => move(1), ArrowUp: () => move(-1), p: () => pause(!paused),
  1: () => { location.hash = "#/flows"; }, 2: () => { location.hash = "#/map"; }, d: theme, Enter: () => selected && select(selected), Escape: () => select(null),
};
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest?.("input, select")) { if (event.key === "Escape") event.target.blur(); return; }
  if (event.key === "Enter" && event.target.closest?.("a, button, .node")) return;
  const action = keys[event.key];
  if (action) { event.preventDefault(); action(); }
});

for (const [name, value] of query()) if (form.elements[name]) form.elements[name].value = value;
route();
connect();
(function frame() { if (dirty) render(); requestAnimationFrame(frame); })();
