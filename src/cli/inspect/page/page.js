"use strict";

/** Decodes a value: its text, and its bits if it is a number or a vector. */
function value(packed) {
  const tag = packed[0], rest = packed.slice(1);
  switch (tag) {
    case "i": return { type: "i32", text: rest, bits: BigInt.asUintN(32, BigInt(rest)), digits: 8, number: true };
    case "l": return { type: "i64", text: rest, bits: BigInt.asUintN(64, BigInt(rest)), digits: 16, number: true };
    case "f": case "d": {
      const [bits, text] = rest.split(":");
      return { type: tag === "f" ? "f32" : "f64", text, bits: BigInt("0x" + bits), digits: bits.length };
    }
    case "v": return { type: "v128", vector: rest, bits: BigInt("0x" + rest), digits: 32 };
    case "o": {
      const [number, type, ...text] = rest.split(":");
      return { type, text: text.join(":"), object: Number(number) };
    }
    case "r": { const [type, ...text] = rest.split(":"); return { type, text: text.join(":") }; }
    default: return { type: "", text: "not known" };
  }
}

const state = { tab: "frame", thread: 0, frame: 0, stack: null, memory: 0, address: 0, object: null, type: null, listed: 0, referring: 0, found: null, hex: false, lanes: "i32x4" };
let data, frameList, byteList, stackList, tree = [];
const contents = [];

const NO_FRAMES = { frames: [] };
const thread = () => (state.stack === null && data.threads[state.thread]) || NO_FRAMES;
const frameAt = row => state.found ? state.found[row] : row;

function frameOf(packed) {
  const [fn, instance, codeOffset, moduleOffset, position, boundary, captured, locals, operands, scopes] = packed;
  return { fn: data.functions[fn], instance, codeOffset, moduleOffset, position, boundary, captured, locals, operands, scopes };
}

/** Returns a value's text in the selected base, or as the selected lanes. */
const shown = v => v.vector ? lanesText(v.vector, state.lanes) : state.hex && v.number ? hex(v.bits, v.digits) : v.text;

/** Splits a name, without the compiler's hashes, into the function's own name and its path. */
function split(name) {
  const plain = name.replace(/\[[0-9a-f]{16}\]/g, "").replace(/::h[0-9a-f]{16}$/, "");
  const cuts = [];
  let depth = 0;
  for (let at = 0; at < plain.length; at++) {
    if ("<([{".includes(plain[at])) depth++;
    else if (">)]}".includes(plain[at])) depth--;
    else if (depth === 0 && plain.startsWith("::", at)) cuts.push(at++);
  }
  // Closures and type arguments are kept together with the function that they belong to.
  let cut = cuts.pop();
  while (cut !== undefined && "{<".includes(plain[cut + 2])) cut = cuts.pop();
  return depth || cut === undefined ? [plain, ""] : [plain.slice(cut + 2), plain.slice(0, cut)];
}

/** Formats the values of a frame's parameters, or of all locals if the parameters are not known. */
function args(frame) {
  const { fn, locals } = frame;
  const count = fn.parameters ?? locals.length;
  if (count > locals.length) return "(?)";
  const list = locals.slice(0, Math.min(count, 8)).map((packed, at) => {
    const name = fn.locals[at]?.[0];
    return (name ? name + "=" : "") + shown(value(packed));
  });
  if (count > 8) list.push("…");
  return `${fn.parameters === null ? "locals " : ""}(${list.join(", ")})`;
}

function frameRow(row) {
  const number = frameAt(row), frame = frameOf(thread().frames[number]);
  const [name, place] = split(frame.fn.name);
  const element = make("div", "row" + (frame.boundary ? " border" : ""),
    make("span", "number", String(number)),
    make("span", "name", name, make("span", "of", `  ${place ? place + " · " : ""}${frame.fn.module}`)),
    make("span", "values", args(frame) + (frame.boundary ? `   ⤓ ${frame.boundary}` : "")));
  element.title = `${frame.fn.module}!${frame.fn.name}`;
  element.id = "row-" + number;
  element.setAttribute("role", "option");
  element.setAttribute("aria-selected", String(number === state.frame && state.stack === null));
  element.addEventListener("click", () => go({ tab: "frame", frame: number }));
  return element;
}

/** Returns a number's bits as a link into memory, if the number may be an address. */
function bitsCell(v, instance) {
  if (v.bits === undefined) return "";
  const text = hex(v.bits, v.digits);
  const memory = data.instances[instance]?.memories[0] ?? 0, size = data.memories[memory]?.size ?? 0;
  if (!v.number || v.bits === 0n || v.bits >= BigInt(size)) return text;
  const link = make("a", "", text);
  link.href = `#memory/${memory}/${hex(v.bits)}`;
  link.title = `Memory ${memory} at this address`;
  const preview = make("span", "preview");
  load(memory).then(chunks => preview.textContent = textAt(chunks, Number(v.bits)));
  return make("span", "", link, preview);
}

function table(headings, rows) {
  const head = make("tr", "", ...headings.map(text => make("th", text === "" || text === "value" ? "number" : "", text)));
  return make("table", "", make("thead", "", head), make("tbody", "", ...rows));
}

function row(cls, ...cells) {
  return make("tr", cls, ...cells.map(([cls, content]) => make("td", cls, content)));
}

function drawFrame() {
  if (state.stack !== null) return drawStack();
  const panel = byId("frame"), packed = thread().frames[state.frame];
  if (!packed) return panel.replaceChildren(make("p", "note", "This stack has no frames."));
  const frame = frameOf(packed), { fn } = frame;
  const heading = make("h2", "", fn.name, " ", make("small", "", fn.signature ?? ""));
  const place = [`function ${fn.index} of ${fn.module}`, `instance ${frame.instance}`];
  if (frame.moduleOffset !== null) place.push(`module offset ${hex(frame.moduleOffset)}`);
  place.push(`function offset ${hex(frame.codeOffset)}`);
  if (frame.position) place.push(frame.position);
  const stack = data.stacks[chosenStack()];
  if (stack?.continuation) place.push(`${stackTitle(stack)}${stack.handlers.length ? `, handlers around it: ${handlersText(stack)}` : ""}`);
  const sources = fn.sources[frame.moduleOffset] ?? [];
  const parts = [heading, make("p", "meta", place.join(" · ")), ...sources.map((position, at) => sourcePosition(position, at === 0)), ...variables(frame.scopes)];
  const none = frame.captured === false ? "Not recorded, because there was no memory for them."
    : frame.captured === null ? "None recorded." : "None.";

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

  parts.push(make("h3", "", "Locals"));
  const locals = frame.locals.map((packed, at) => {
    const v = value(packed), [name, type] = fn.locals[at] ?? [];
    return row(at > 0 && at === fn.parameters ? "rule" : "", ["number dim", String(at)],
      ["", name ?? ""], ["dim", type ?? v.type], ["number", content(v)], ["dim", bitsCell(v, frame.instance)]);
  });
  parts.push(locals.length ? table(["", "name", "type", "value", "bits"], locals) : make("p", "note", none));

  parts.push(make("h3", "", "Operands, the top one first"));
  const operands = frame.operands.map((packed, at) => {
    const v = value(packed);
    return row("", ["number dim", String(at)], ["dim", v.type], ["number", content(v)], ["dim", bitsCell(v, frame.instance)]);
  }).reverse();
  parts.push(operands.length ? table(["", "type", "value", "bits"], operands) : make("p", "note", none));
  panel.replaceChildren(...parts);
  if (here) centre(here);
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
  if (others.length) parts.push(make("h3", "", "Without an instance"), globalTable(others, 0));
  if (!parts.length) parts.push(make("p", "note", "The dump contains no globals."));
  byId("globals").replaceChildren(...parts);
}

function globalTable(indices, instance) {
  return table(["", "in the dump", "type", "", "value", "bits"], indices.map((index, at) => {
    const global = data.globals[index];
    if (!global) return row("", ["number dim", String(at)], ["dim", String(index)], ["", "not in the dump"]);
    const v = value(global.value);
    return row("", ["number dim", String(at)], ["dim", String(index)], ["dim", global.type],
      ["dim", global.mutable ? "mut" : ""], ["number", content(v)], ["dim", bitsCell(v, instance)]);
  }));
}

function drawTables() {
  const parts = data.tables.flatMap((entry, index) => {
    let at = 0;
    const rows = entry.runs.map(([count, packed]) => {
      const range = count === 1 ? String(at) : `${at}–${at + count - 1}`;
      at += count;
      return row("", ["number dim", range], ["", content(value(packed))]);
    });
    if (entry.more) rows.push(row("", ["", "…"], ["dim", `${grouped(entry.more)} more runs of elements`]));
    return [make("h3", "", `Table ${index}: ${grouped(entry.size)} of ${entry.type}`),
      rows.length ? table(["", "element"], rows) : make("p", "note", "The table is empty.")];
  });
  if (!parts.length) parts.push(make("p", "note", data.hasDetails ? "There are no tables." : "Tables are not recorded in this dump."));
  byId("tables").replaceChildren(...parts);
}

function drawDump() {
  const list = (title, headings, rows) => rows.length ? [make("h3", "", title), table(headings, rows)] : [];
  const cell = content => ["", content ?? ""];
  byId("dump").replaceChildren(
    make("h2", "", data.program), make("p", "meta", data.producer ? `Written by ${data.producer}` : "The writer is not recorded"),
    ...list("Modules", ["", "name", "bytes", "file", "SHA-256"], data.modules.map((module, at) => row("",
      ["number dim", String(at)], cell(module.name), cell(module.size === null ? "" : grouped(module.size)),
      cell(module.file ? module.file + (module.verified ? "" : " (not verified)") : "not known"), ["dim", module.sha256 ?? ""]))),
    ...list("Instances", ["", "module", "memories", "globals", "tables"], data.instances.map((instance, at) => row("",
      ["number dim", String(at)], cell(data.modules[instance.module]?.name), cell(instance.memories.map(index => index ?? "shared").join(", ")),
      cell(String(instance.globals.length)), cell(instance.tables.join(", "))))),
    ...list("Memories", ["", "bytes", "pages", "page size", "in the dump"], data.memories.map((memory, at) => row("",
      ["number dim", String(at)], cell(grouped(memory.size)), cell(grouped(memory.pages)), cell(grouped(memory.pageSize)), cell(grouped(memory.held))))),
    ...list("Stacks", ["", "number", "kind", "state", "parent", "function", "handlers around it"], data.stacks.slice(0, 1000).map((stack, at) => row("",
      ["number dim", String(at)], cell(String(stack.number)), cell(stack.continuation ? "continuation" : "call from the host"),
      cell(stack.state), cell(stack.parent === null ? "" : String(stack.parent)), cell(stack.function), cell(handlersText(stack))))),
    ...(data.stacks.length > 1000 ? [make("p", "note", `… ${grouped(data.stacks.length - 1000)} more`)] : []),
    ...list("Configuration", ["name", "value"], Object.entries(data.configuration).map(([name, number]) => row("", cell(printable(name)), ["number", grouped(number)]))),
    ...list("Fuel", ["left"], data.fuel === null ? [] : [row("", cell(grouped(data.fuel)))]),
  );
}

const TABS = ["frame", "memory", "globals", "tables", "objects", "dump"];
const DRAW = { frame: drawFrame, memory: drawMemory, globals: drawGlobals, tables: drawTables, objects: drawObjects, dump: drawDump };

/** Changes the selection and the page's address. */
function go(change) {
  if ("frame" in change) state.stack = null;
  Object.assign(state, change);
  const { tab, thread, frame, stack, memory, address, object, type } = state;
  const place = tab === "frame" ? stack === null ? `#frame/${thread}/${frame}` : `#stack/${stack}` : tab === "memory" ? `#memory/${memory}/${hex(address)}`
    : tab !== "objects" ? `#${tab}` : object !== null ? `#object/${object}` : type !== null ? `#objects/${type}` : "#objects";
  if (place !== location.hash) history.replaceState(null, "", place);
  draw();
}

/** Reads the selection from the page's address. */
function follow() {
  const [tab, first, second] = location.hash.slice(1).split("/");
  const change = { tab: TABS.includes(tab) ? tab : "frame" };
  const number = text => { const n = Number(text); return Number.isSafeInteger(n) && n >= 0 ? n : 0; };
  if (tab === "object") Object.assign(change, { tab: "objects", object: number(first), referring: SOME });
  else if (tab === "objects") Object.assign(change, { object: null, type: first === undefined ? null : number(first), listed: SOME });
  else if (tab === "stack" && data.stacks[number(first)]) Object.assign(change, ofStack(number(first)));
  else if (tab === "frame") {
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
  const frames = thread().frames.length, listed = state.found ? state.found.length : frames;
  byId("count").textContent = state.found ? `${grouped(listed)} of ${grouped(frames)}` : framesText(frames);
  frameList.setCount(listed);
  const at = state.found ? state.found.indexOf(state.frame) : state.frame;
  if (at >= 0) frameList.show(at);
  byId("frames").setAttribute("aria-activedescendant", "row-" + state.frame);
  if (tree.length) {
    state.inTree = chosenStack();
    stackList.setCount(tree.length);
    stackList.show(Math.max(0, tree.findIndex(([at]) => at === state.inTree)));
    byId("stacks").setAttribute("aria-activedescendant", "stack-" + state.inTree);
  }
  return DRAW[state.tab]();
}

function find(text) {
  const wanted = text.trim().toLowerCase();
  state.found = null;
  if (wanted) {
    // Matched per function: there are far fewer functions than frames.
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
  if (target === byId("stacks")) {
    const by = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
    if (by) return act(() => moveInTree(by));
  }
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
  if (event.key === "s" && tree.length) return act(() => byId("stacks").focus());
  if (event.key === "x") return act(changeBase);
  if (event.key === "g") return act(() => { go({ tab: "memory" }); byId("address").focus(); byId("address").select(); });
  if (event.key === "n" || event.key === "p") return act(() => { if (state.tab === "memory") step(event.key === "n"); });
  const tab = TABS[Number(event.key) - 1];
  if (tab) act(() => go({ tab }));
}

/** Returns whether a frame, a global or a bound argument is a vector. */
function hasVectors() {
  const some = list => list.some(packed => packed[0] === "v");
  return some(data.globals.map(global => global.value))
    || data.stacks.some(stack => stack.bound.some(bound => bound.type === "v128"))
    || data.threads.some(({ frames }) => frames.some(packed => some(packed[7]) || some(packed[8])));
}

function changeBase() {
  byId("radix").setAttribute("aria-pressed", String(!state.hex));
  go({ hex: !state.hex });
}

async function start() {
  data = JSON.parse(new TextDecoder().decode(await unpack("data")),
    (_, value) => typeof value === "string" ? printable(value) : value);
  for (const memory of data.memories) {
    const ranges = list => list && list.map(([start, length]) => ({ start, end: start + length }));
    memory.leftOut = ranges(memory.leftOut);
    memory.kept = ranges(memory.kept);
  }
  document.title = `${data.program}: core dump`;
  byId("program").textContent = data.program;
  byId("reason").textContent = data.reason ?? "The dump contains no reason";
  byId("reason").classList.toggle("calm", !data.isFailure);
  byId("where").textContent = [data.where, data.access].filter(Boolean).join(" — ");
  byId("thread").replaceChildren(...data.threads.map((thread, at) => {
    const option = make("option", "", [thread.name, thread.state].filter(Boolean).join(": ") + (thread.complete ? "" : " (incomplete)"));
    option.value = String(at);
    return option;
  }));
  // A single stack needs no tree, and without details there are no stacks.
  if (data.stacks.length > 1) tree = treeOf(data.stacks);
  byId("stacks").hidden = !tree.length;
  byId("stacks").style.height = 30 * tree.length + 1 + "px";
  byId("thread").hidden = data.threads.length < 2 || tree.length > 0;
  byId("which").replaceChildren(...data.memories.map((_, at) => {
    const option = make("option", "", `Memory ${at}`);
    option.value = String(at);
    return option;
  }));
  state.lanes = data.lanes;
  byId("lanes").replaceChildren(...SHAPES.map(shape => make("option", "", shape)));
  byId("lanes").value = state.lanes;
  byId("lanes").hidden = !hasVectors();
  frameList = new List(byId("frames"), 48, frameRow);
  byteList = new List(byId("bytes"), 20, byteRow);
  stackList = new List(byId("stacks"), 30, stackRow);
  new ResizeObserver(() => { if (state.tab === "memory" && state.inRow !== bytesInRow()) drawMemory(); }).observe(byId("bytes"));
  state.chunks = [];
  for (const tab of TABS) byId("tab-" + tab).addEventListener("click", () => go(tab === "objects" ? { tab, object: null } : { tab }));
  byId("thread").addEventListener("change", event => {
    byId("find").value = "";
    go({ thread: Number(event.target.value), frame: 0, found: null, tab: "frame" });
  });
  byId("radix").addEventListener("click", changeBase);
  byId("lanes").addEventListener("change", event => go({ lanes: event.target.value }));
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
