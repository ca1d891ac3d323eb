"use strict";

const byId = id => document.getElementById(id);

/** An element with a class and what is in it: elements, or text, which is never markup. */
function make(tag, cls, ...content) {
  const element = document.createElement(tag);
  if (cls) element.className = cls;
  element.append(...content);
  return element;
}

/** The bytes of an embedded part: compressed, and then in base 64. */
async function unpack(id) {
  const packed = Uint8Array.from(atob(byId(id).textContent), c => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const grouped = number => Number(number).toLocaleString("en-US");
const hex = (number, digits = 0) => "0x" + number.toString(16).padStart(digits, "0");

/** Rows of the same height, of which only those in sight exist. */
class List {
  // Browsers have a largest height; beyond it the scroll bar covers more rows a pixel.
  static LARGEST = 8_000_000;

  constructor(element, height, render) {
    Object.assign(this, { element, height, render, count: 0, top: 0, own: -1 });
    this.space = make("div", "space");
    this.rows = make("div", "rows");
    element.replaceChildren(this.space, this.rows);
    element.addEventListener("scroll", () => this.scrolled());
    element.addEventListener("wheel", event => this.wheel(event), { passive: false });
    new ResizeObserver(() => this.draw()).observe(element);
  }

  get inSight() { return Math.max(1, this.element.clientHeight / this.height); }
  get last() { return Math.max(0, this.count - this.inSight); }
  get isScaled() { return this.count * this.height > List.LARGEST; }
  get travel() { return Math.max(1, this.space.offsetHeight - this.element.clientHeight); }

  setCount(count) {
    this.count = count;
    this.space.style.height = Math.min(count * this.height, List.LARGEST) + "px";
    this.moveTo(Math.min(this.top, this.last));
  }

  scrolled() {
    const at = this.element.scrollTop;
    // The event of a move of our own says nothing new, and its number is rounded.
    if (Math.abs(at - this.own) >= 1) {
      this.top = this.isScaled ? at / this.travel * this.last : at / this.height;
    }
    this.own = -1;
    this.draw();
  }

  wheel(event) {
    if (!this.isScaled || event.ctrlKey || !event.deltaY) return;
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 1 : event.deltaMode === 2 ? this.inSight : 1 / this.height;
    this.moveTo(this.top + event.deltaY * unit);
  }

  moveTo(top) {
    this.top = Math.min(Math.max(0, top), this.last);
    this.own = this.isScaled ? this.top / Math.max(1, this.last) * this.travel : this.top * this.height;
    this.element.scrollTop = this.own;
    this.draw();
  }

  /** Brings a row into sight; to the middle where it was not. */
  show(row) {
    const first = Math.ceil(this.top), last = Math.floor(this.top + this.inSight) - 1;
    if (row < first - 1 || row > last + 1) this.moveTo(row - Math.floor(this.inSight / 2));
    else if (row < first) this.moveTo(row);
    else if (row > last) this.moveTo(row + 1 - this.inSight);
    else this.draw();
  }

  draw() {
    const first = Math.floor(this.top), rows = [];
    const end = Math.min(this.count, first + Math.ceil(this.inSight) + 1);
    for (let row = first; row < end; row++) rows.push(this.render(row));
    this.rows.replaceChildren(...rows);
    const offset = this.element.scrollTop - (this.top - first) * this.height;
    this.rows.style.transform = `translateY(${offset}px)`;
  }
}

/** A value: what to show, and its bits where it is a number. */
function value(packed) {
  const tag = packed[0], rest = packed.slice(1);
  switch (tag) {
    case "i": return { type: "i32", text: rest, bits: BigInt.asUintN(32, BigInt(rest)), digits: 8, number: true };
    case "l": return { type: "i64", text: rest, bits: BigInt.asUintN(64, BigInt(rest)), digits: 16, number: true };
    case "f": case "d": {
      const [bits, text] = rest.split(":");
      return { type: tag === "f" ? "f32" : "f64", text, bits: BigInt("0x" + bits), digits: bits.length };
    }
    case "v": return { type: "v128", text: "0x" + rest };
    case "r": { const [type, ...text] = rest.split(":"); return { type, text: text.join(":") }; }
    default: return { type: "", text: "not known" };
  }
}

const state = { tab: "frame", thread: 0, frame: 0, memory: 0, address: 0, found: null };
let data, frameList, byteList;
const contents = [];

const thread = () => data.threads[state.thread] ?? { frames: [], name: "" };
const frameAt = row => state.found ? state.found[row] : row;

function frameOf(packed) {
  const [fn, instance, codeOffset, moduleOffset, position, boundary, captured, locals, operands] = packed;
  return { fn: data.functions[fn], instance, codeOffset, moduleOffset, position, boundary, captured, locals, operands };
}

/** The values of a frame's parameters, or of all its locals where they are not told apart. */
function args(frame) {
  const { fn, locals } = frame;
  const count = fn.parameters ?? locals.length;
  if (count > locals.length) return "(?)";
  const list = locals.slice(0, Math.min(count, 8)).map((packed, at) => {
    const name = fn.locals[at]?.[0];
    return (name ? name + "=" : "") + value(packed).text;
  });
  if (count > 8) list.push("…");
  return `${fn.parameters === null ? "locals " : ""}(${list.join(", ")})`;
}

function frameRow(row) {
  const number = frameAt(row), frame = frameOf(thread().frames[number]);
  const element = make("div", "row" + (frame.boundary ? " border" : ""),
    make("span", "number", String(number)),
    make("span", "name", frame.fn.name, make("span", "of", "  " + frame.fn.module)),
    make("span", "values", args(frame) + (frame.boundary ? `   ⤓ ${frame.boundary}` : "")));
  element.title = `${frame.fn.module}!${frame.fn.name}`;
  element.id = "row-" + number;
  element.setAttribute("role", "option");
  element.setAttribute("aria-selected", String(number === state.frame));
  element.addEventListener("click", () => go({ tab: "frame", frame: number }));
  return element;
}

/** A number as a link into memory, where it could be an address. */
function bitsCell(v, instance) {
  if (v.bits === undefined) return "";
  const text = hex(v.bits, v.digits);
  const memory = data.instances[instance]?.memories[0] ?? 0, size = data.memories[memory]?.size ?? 0;
  if (!v.number || v.bits === 0n || v.bits >= BigInt(size)) return text;
  const link = make("a", "", text);
  link.href = `#memory/${memory}/${hex(v.bits)}`;
  link.title = `Memory ${memory} at this address`;
  return link;
}

function table(headings, rows) {
  const head = make("tr", "", ...headings.map(text => make("th", text === "" || text === "value" ? "number" : "", text)));
  return make("table", "", make("thead", "", head), make("tbody", "", ...rows));
}

function row(cls, ...cells) {
  return make("tr", cls, ...cells.map(([cls, content]) => make("td", cls, content)));
}

function drawFrame() {
  const panel = byId("frame"), packed = thread().frames[state.frame];
  if (!packed) return panel.replaceChildren(make("p", "note", "This stack has no frames."));
  const frame = frameOf(packed), { fn } = frame;
  const heading = make("h2", "", fn.name, " ", make("small", "", fn.signature ?? ""));
  const place = [`function ${fn.index} of ${fn.module}`, `instance ${frame.instance}`];
  if (frame.moduleOffset !== null) place.push(`module offset ${hex(frame.moduleOffset)}`);
  place.push(`function offset ${hex(frame.codeOffset)}`);
  if (frame.position) place.push(frame.position);
  const parts = [heading, make("p", "meta", place.join(" · "))];
  const none = frame.captured === false ? "There was no memory for them when the dump was made."
    : frame.captured === null ? "None recorded." : "None.";

  parts.push(make("h3", "", "Locals"));
  const locals = frame.locals.map((packed, at) => {
    const v = value(packed), [name, type] = fn.locals[at] ?? [];
    return row(at > 0 && at === fn.parameters ? "rule" : "", ["number dim", String(at)],
      ["", name ?? ""], ["dim", type ?? v.type], ["number", v.text], ["dim", bitsCell(v, frame.instance)]);
  });
  parts.push(locals.length ? table(["", "name", "type", "value", "bits"], locals) : make("p", "note", none));

  parts.push(make("h3", "", "Operands, the top one first"));
  const operands = frame.operands.map((packed, at) => {
    const v = value(packed);
    return row("", ["number dim", String(at)], ["dim", v.type], ["number", v.text], ["dim", bitsCell(v, frame.instance)]);
  }).reverse();
  parts.push(operands.length ? table(["", "type", "value", "bits"], operands) : make("p", "note", none));

  parts.push(make("h3", "", "Code"));
  let here = null;
  if (typeof fn.code === "string") parts.push(make("p", "note", fn.code));
  else {
    const lines = fn.code.map(line => {
      if (line === null) return make("div", "gap", "", "", "…");
      const [offset, depth, text] = line, isHere = offset === frame.moduleOffset;
      const element = make("div", isHere ? "here" : "", make("span", "", isHere ? "▶" : ""),
        make("span", "offset", hex(offset)), make("span", "", "  ".repeat(depth) + text));
      if (isHere) here = element;
      return element;
    });
    const code = make("div", "code", ...lines);
    code.tabIndex = 0;
    parts.push(code);
  }
  panel.replaceChildren(...parts);
  if (here) here.parentNode.scrollTop = here.offsetTop - here.parentNode.clientHeight / 2;
}

/** The bytes of a memory: chunks by address, and where they are in one array. */
async function load(memory) {
  if (!contents[memory]) {
    contents[memory] = unpack("memory-" + memory).then(bytes => {
      let at = 0;
      const chunks = data.memories[memory].chunks.map(([start, length]) => {
        const chunk = { start, end: start + length, bytes: bytes.subarray(at, at + length) };
        at += length;
        return chunk;
      });
      return chunks;
    });
  }
  return contents[memory];
}

/** The index of the first range that ends behind an address. */
function rangeAfter(ranges, address) {
  let low = 0, high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ranges[middle].end > address) high = middle; else low = middle + 1;
  }
  return low;
}

const within = (ranges, address) => (ranges[rangeAfter(ranges, address)]?.start ?? Infinity) <= address;

function byteRow(index) {
  const memory = data.memories[state.memory], start = index * 16;
  const digits = memory.size > 2 ** 32 ? 16 : 8;
  const cells = [], text = [];
  let at = rangeAfter(state.chunks, start);
  for (let address = start; address < start + 16; address++) {
    while (state.chunks[at] && state.chunks[at].end <= address) at++;
    const chunk = state.chunks[at];
    let byte = 0, known = true;
    if (address >= memory.size) known = null;
    else if (chunk && chunk.start <= address) byte = chunk.bytes[address - chunk.start];
    else if (within(memory.leftOut, address) || (memory.kept && !within(memory.kept, address))) known = false;
    const digitsText = known === null ? "  " : known ? byte.toString(16).padStart(2, "0") : "··";
    const isText = known && byte >= 0x20 && byte < 0x7f;
    const tag = address === state.address && known !== null ? "b" : "span";
    const cls = known && byte ? "" : "zero";
    cells.push(make(tag, cls, digitsText), address === start + 7 ? "  " : " ");
    text.push(make(tag, isText ? "" : "zero", known === null ? " " : isText ? String.fromCharCode(byte) : "."));
  }
  return make("div", "hex", make("span", "offset", start.toString(16).padStart(digits, "0")),
    make("span", "", ...cells), make("span", "text", ...text));
}

async function drawMemory() {
  const memory = data.memories[state.memory];
  if (!memory) {
    byId("jump").hidden = true;
    byId("memory-note").hidden = false;
    byId("memory-note").textContent = "The dump holds no memories.";
    return;
  }
  byId("which").value = String(state.memory);
  byId("extent").textContent = `${grouped(memory.size)} bytes`;
  byId("memory-note").hidden = !memory.note;
  byId("memory-note").textContent = memory.note ?? "";
  const wanted = state.memory, chunks = await load(wanted);
  if (wanted !== state.memory) return;
  state.chunks = chunks;
  byteList.setCount(Math.ceil(memory.size / 16));
  byteList.show(Math.floor(state.address / 16));
  if (document.activeElement !== byId("address")) byId("address").value = hex(state.address);
}

/** Goes to where data begins, behind or before the address. */
function step(forward) {
  const chunks = state.chunks ?? [];
  let at = rangeAfter(chunks, state.address);
  if (forward) { if (chunks[at] && chunks[at].start <= state.address) at++; }
  else at--;
  if (chunks[at]) go({ tab: "memory", address: chunks[at].start });
}

function drawGlobals() {
  const parts = [];
  data.instances.forEach((instance, index) => {
    if (!instance.globals.length) return;
    parts.push(make("h3", "", `Instance ${index} of ${data.modules[instance.module]?.name ?? "an unknown module"}`));
    parts.push(globalTable(instance.globals, index));
  });
  const owned = new Set(data.instances.flatMap(instance => instance.globals));
  const others = data.globals.map((_, at) => at).filter(at => !owned.has(at));
  if (others.length) parts.push(make("h3", "", "Of no instance"), globalTable(others, 0));
  if (!parts.length) parts.push(make("p", "note", "The dump holds no globals."));
  byId("globals").replaceChildren(...parts);
}

function globalTable(indices, instance) {
  return table(["", "in the dump", "type", "", "value", "bits"], indices.map((index, at) => {
    const global = data.globals[index];
    if (!global) return row("", ["number dim", String(at)], ["dim", String(index)], ["", "not in the dump"]);
    const v = value(global.value);
    return row("", ["number dim", String(at)], ["dim", String(index)], ["dim", global.type],
      ["dim", global.mutable ? "mut" : ""], ["number", v.text], ["dim", bitsCell(v, instance)]);
  }));
}

function drawTables() {
  const parts = data.tables.flatMap((entry, index) => {
    let at = 0;
    const rows = entry.runs.map(([count, text]) => {
      const range = count === 1 ? String(at) : `${at}–${at + count - 1}`;
      at += count;
      return row("", ["number dim", range], ["", text]);
    });
    if (entry.more) rows.push(row("", ["", "…"], ["dim", `${grouped(entry.more)} more runs of elements`]));
    return [make("h3", "", `Table ${index}: ${grouped(entry.size)} of ${entry.type}`),
      rows.length ? table(["", "element"], rows) : make("p", "note", "It is empty.")];
  });
  if (!parts.length) parts.push(make("p", "note", data.hasDetails ? "There are no tables." : "Tables are not recorded in this dump."));
  byId("tables").replaceChildren(...parts);
}

function drawDump() {
  const list = (title, headings, rows) => rows.length ? [make("h3", "", title), table(headings, rows)] : [];
  const cell = content => ["", content ?? ""];
  byId("dump").replaceChildren(
    make("h2", "", data.program), make("p", "meta", data.producer ? `Written by ${data.producer}` : "Its writer is not recorded"),
    ...list("Modules", ["", "name", "bytes", "SHA-256", "file"], data.modules.map((module, at) => row("",
      ["number dim", String(at)], cell(module.name), cell(module.size === null ? "" : grouped(module.size)),
      ["dim", module.sha256 ?? ""], cell(module.file ? module.file + (module.verified ? "" : " (taken on trust)") : "not known")))),
    ...list("Instances", ["", "module", "memories", "globals", "tables"], data.instances.map((instance, at) => row("",
      ["number dim", String(at)], cell(data.modules[instance.module]?.name), cell(instance.memories.map(index => index ?? "shared").join(", ")),
      cell(String(instance.globals.length)), cell(instance.tables.join(", "))))),
    ...list("Memories", ["", "bytes", "pages", "page size", "in the dump"], data.memories.map((memory, at) => row("",
      ["number dim", String(at)], cell(grouped(memory.size)), cell(grouped(memory.pages)), cell(grouped(memory.pageSize)), cell(grouped(memory.held))))),
    ...list("Stacks", ["", "number", "kind", "state", "parent"], data.stacks.map((stack, at) => row("",
      ["number dim", String(at)], cell(String(stack.number)), cell(stack.continuation ? "continuation" : "call from the host"),
      cell(stack.state), cell(stack.parent === null ? "" : String(stack.parent))))),
    ...list("Configuration", ["name", "value"], Object.entries(data.configuration).map(([name, number]) => row("", cell(name), ["number", grouped(number)]))),
    ...list("Fuel", ["left"], data.fuel === null ? [] : [row("", cell(grouped(data.fuel)))]),
  );
}

const TABS = ["frame", "memory", "globals", "tables", "dump"];
const DRAW = { frame: drawFrame, memory: drawMemory, globals: drawGlobals, tables: drawTables, dump: drawDump };

/** Changes what is shown, and the page's address with it. */
function go(change) {
  Object.assign(state, change);
  const { tab, thread, frame, memory, address } = state;
  const place = tab === "frame" ? `#frame/${thread}/${frame}` : tab === "memory" ? `#memory/${memory}/${hex(address)}` : `#${tab}`;
  if (place !== location.hash) history.replaceState(null, "", place);
  draw();
}

/** Reads what is to be shown from the page's address. */
function follow() {
  const [tab, first, second] = location.hash.slice(1).split("/");
  const change = { tab: TABS.includes(tab) ? tab : "frame" };
  const number = text => { const n = Number(text); return Number.isSafeInteger(n) && n >= 0 ? n : 0; };
  if (tab === "frame") {
    change.thread = Math.min(number(first), Math.max(0, data.threads.length - 1));
    change.frame = Math.min(number(second), Math.max(0, (data.threads[change.thread]?.frames.length ?? 0) - 1));
  } else if (tab === "memory") {
    change.memory = Math.min(number(first), Math.max(0, data.memories.length - 1));
    change.address = Math.min(number(second), Math.max(0, (data.memories[change.memory]?.size ?? 0) - 1));
  }
  go(change);
}

function draw() {
  for (const tab of TABS) {
    byId(tab).hidden = tab !== state.tab;
    byId("tab-" + tab).setAttribute("aria-selected", String(tab === state.tab));
    byId("tab-" + tab).tabIndex = tab === state.tab ? 0 : -1;
  }
  byId("thread").value = String(state.thread);
  const frames = thread().frames.length, shown = state.found ? state.found.length : frames;
  byId("count").textContent = state.found ? `${grouped(shown)} of ${grouped(frames)}` : `${grouped(frames)} frame${frames === 1 ? "" : "s"}`;
  frameList.setCount(shown);
  const at = state.found ? state.found.indexOf(state.frame) : state.frame;
  if (at >= 0) frameList.show(at);
  byId("frames").setAttribute("aria-activedescendant", "row-" + state.frame);
  return DRAW[state.tab]();
}

function find(text) {
  const wanted = text.trim().toLowerCase();
  state.found = null;
  if (wanted) {
    // Names are of functions, of which there are few.
    const matches = data.functions.map(fn => `${fn.module}!${fn.name}`.toLowerCase().includes(wanted));
    state.found = thread().frames.map((packed, at) => matches[packed[0]] ? at : -1).filter(at => at >= 0);
    if (state.found.length && !state.found.includes(state.frame)) return go({ tab: "frame", frame: state.found[0] });
  }
  draw();
}

function older(by) {
  const last = (state.found ?? thread().frames).length - 1;
  const at = state.found ? state.found.indexOf(state.frame) : state.frame;
  const row = Math.min(Math.max(0, at + by), last);
  if (row >= 0) go({ frame: frameAt(row), tab: "frame" });
}

function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target, isText = target.matches("input, select");
  const act = action => { event.preventDefault(); action(); };
  if (event.key === "Escape" && isText) return act(() => { byId("find").value = ""; find(""); byId("frames").focus(); });
  if (isText) return;
  const inFrames = target === byId("frames"), page = Math.max(1, Math.floor(frameList.inSight) - 1);
  if (target.matches("[role=tab]") && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
    const tab = TABS[(TABS.indexOf(state.tab) + (event.key === "ArrowRight" ? 1 : TABS.length - 1)) % TABS.length];
    return act(() => { go({ tab }); byId("tab-" + tab).focus(); });
  }
  if (target === byId("bytes")) {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: byteList.inSight - 1, PageUp: 1 - byteList.inSight }[event.key];
    if (by) return act(() => byteList.moveTo(byteList.top + by));
    if (event.key === "Home") return act(() => byteList.moveTo(0));
    if (event.key === "End") return act(() => byteList.moveTo(byteList.last));
  }
  const moves = { j: 1, k: -1 };
  if (inFrames) Object.assign(moves, { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity });
  if (event.key in moves) return act(() => older(moves[event.key]));
  if (event.key === "/") return act(() => byId("find").focus());
  if (event.key === "g") return act(() => { go({ tab: "memory" }); byId("address").focus(); byId("address").select(); });
  if (event.key === "n" || event.key === "p") return act(() => { if (state.tab === "memory") step(event.key === "n"); });
  const tab = TABS[Number(event.key) - 1];
  if (tab) act(() => go({ tab }));
}

async function start() {
  data = JSON.parse(new TextDecoder().decode(await unpack("data")));
  for (const memory of data.memories) {
    const ranges = list => list && list.map(([start, length]) => ({ start, end: start + length }));
    memory.leftOut = ranges(memory.leftOut);
    memory.kept = ranges(memory.kept);
  }
  document.title = `${data.program}: core dump`;
  byId("program").textContent = data.program;
  byId("reason").textContent = data.reason ?? "The dump does not say why it stopped";
  byId("reason").classList.toggle("calm", !data.isFailure);
  byId("where").textContent = [data.where, data.access].filter(Boolean).join(" — ");
  byId("thread").replaceChildren(...data.threads.map((thread, at) => {
    const option = make("option", "", thread.name + (thread.complete ? "" : " (cut off)"));
    option.value = String(at);
    return option;
  }));
  byId("thread").hidden = data.threads.length < 2;
  byId("which").replaceChildren(...data.memories.map((_, at) => {
    const option = make("option", "", `Memory ${at}`);
    option.value = String(at);
    return option;
  }));
  frameList = new List(byId("frames"), 48, frameRow);
  byteList = new List(byId("bytes"), 20, byteRow);
  state.chunks = [];
  for (const tab of TABS) byId("tab-" + tab).addEventListener("click", () => go({ tab }));
  byId("thread").addEventListener("change", event => {
    byId("find").value = "";
    go({ thread: Number(event.target.value), frame: 0, found: null, tab: "frame" });
  });
  byId("find").addEventListener("input", event => find(event.target.value));
  byId("which").addEventListener("change", event => go({ memory: Number(event.target.value), address: 0 }));
  byId("jump").addEventListener("submit", event => {
    event.preventDefault();
    const address = Number(byId("address").value.trim()), size = data.memories[state.memory].size;
    const isThere = Number.isSafeInteger(address) && address >= 0 && address < size;
    byId("address").setCustomValidity(isThere ? "" : `An address below ${hex(size)}`);
    if (isThere) go({ address }); else byId("address").reportValidity();
  });
  byId("address").addEventListener("input", () => byId("address").setCustomValidity(""));
  byId("before").addEventListener("click", () => step(false));
  byId("after").addEventListener("click", () => step(true));
  addEventListener("keydown", key);
  addEventListener("hashchange", follow);
  follow();
  await draw();
  byId("frames").focus();
  document.documentElement.dataset.ready = "true";
}

start().catch(error => {
  byId("reason").textContent = `This page cannot be shown: ${error}`;
  document.documentElement.dataset.ready = "failed";
});
