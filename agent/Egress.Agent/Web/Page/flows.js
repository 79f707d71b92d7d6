// The flows that the page holds, and how they come.

export const CAPACITY = 10_000;

/** The newest flows; a ring, so that nothing grows. */
export class Ring {
  #items = new Array(CAPACITY);
  #next = 0;

  get length() { return Math.min(this.#next, CAPACITY); }
  get seen() { return this.#next; }

  add(flow) { this.#items[this.#next++ % CAPACITY] = flow; }
  clear() { this.#items = new Array(CAPACITY); this.#next = 0; }

  /** The flow at a place, counted from the newest; `from` holds the view still while flows come. */
  at(place, from = this.#next) { return this.#items[(from - 1 - place) % CAPACITY]; }

  *[Symbol.iterator]() { for (let place = this.length - 1; place >= 0; place--) yield this.at(place); }
}

/** The filters of the address bar as the API takes them: any of the list's filters may match. */
export function filtersOf(query) {
  const base = {};
  if (query.get("verdict")) base.verdict = [query.get("verdict")];
  if (query.get("type")) base.event_type = [{ type: Number(query.get("type")) }];
  let filters = [base];
  const either = (value, source, destination, more) => {
    if (!value) return;
    filters = filters.flatMap((filter) => [
      { ...filter, [source]: [value] }, { ...filter, [destination]: [value] }, ...(more ? [{ ...filter, ...more }] : [])]);
  };
  const pod = query.get("pod");
  either(pod && (pod.includes("/") ? pod : `default/${pod}`), "source_pod", "destination_pod");
  either(query.get("ip"), "source_ip", "destination_ip");
  either(query.get("port"), "source_port", "destination_port");
  const name = query.get("name");
  const asked = name && "^" + name.toLowerCase().replace(/\.$/, "").replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[-.0-9a-z_]*") + "\\.$";
  either(name, "source_fqdn", "destination_fqdn", name && { dns_query: [asked] });
  return filters.length === 1 && Object.keys(filters[0]).length === 0 ? [] : filters;
}

/** Reads flows until it is aborted; throws what the server said where it does not take the filters. */
export async function read(filters, signal, take) {
  const query = new URLSearchParams({ last: String(CAPACITY), follow: "true" });
  for (const filter of filters) query.append("allow", JSON.stringify(filter));
  const response = await fetch(`api/flows?${query}`, { signal });
  if (!response.ok) throw new FilterFault(await response.text());
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    const batch = [];
    for (const line of lines) if (line) batch.push(JSON.parse(line));
    if (batch.length) take(batch);
  }
}

export class FilterFault extends Error {}

export const podOf = (end) => (end?.pod_name ? `${end.namespace}/${end.pod_name}` : null);

const layer4 = (flow) => flow.l4?.TCP ?? flow.l4?.UDP ?? flow.l4?.SCTP;
const protocolOf = (flow) => Object.keys(flow.l4 ?? {})[0] ?? "";

const host = (end, address, names) => podOf(end) ?? (names?.length ? names[0] : address ?? "?");

export const sourceOf = (flow) => host(flow.source, flow.IP?.source, flow.source_names);
export const destinationOf = (flow) => host(flow.destination, flow.IP?.destination, flow.destination_names);

const ported = (text, port) => (port === undefined ? text : `${text.includes(":") ? `[${text}]` : text}:${port}`);

export const sourceText = (flow) => ported(sourceOf(flow), layer4(flow)?.source_port);
export const destinationText = (flow) => ported(destinationOf(flow), layer4(flow)?.destination_port);
export const serviceOf = (flow) => (layer4(flow) ? `${layer4(flow).destination_port}/${protocolOf(flow)}` : protocolOf(flow));

export function kindOf(flow) {
  if (flow.l7?.dns) return flow.l7.type === "RESPONSE" ? "dns-response" : "dns-request";
  if (flow.l7?.http) return flow.l7.type === "RESPONSE" ? "http-response" : "http-request";
  if (flow.event_type?.type === 1) return flow.egress?.reason_text || flow.drop_reason_desc || "dropped";
  return `policy-verdict ${(flow.traffic_direction ?? "").toLowerCase()}`;
}

export const classOf = (flow) => ({ DROPPED: "stop", ERROR: "stop", AUDIT: "warn", REDIRECTED: "warn" })[flow.verdict] ?? "go";
