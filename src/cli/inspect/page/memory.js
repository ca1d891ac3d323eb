"use strict";

/** Returns the chunks of a memory, by address, each with its bytes. */
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

/** Returns the index of the first range that ends behind an address. */
function rangeAfter(ranges, address) {
  let low = 0, high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ranges[middle].end > address) high = middle; else low = middle + 1;
  }
  return low;
}

const within = (ranges, address) => (ranges[rangeAfter(ranges, address)]?.start ?? Infinity) <= address;

/** Returns the number of bytes per row, according to the available width. */
const bytesInRow = () => byId("bytes").clientWidth < 640 ? 8 : 16;

function byteRow(index) {
  const memory = data.memories[state.memory], inRow = state.inRow, start = index * inRow;
  const digits = memory.size > 2 ** 32 ? 16 : 8;
  const cells = [], text = [];
  let at = rangeAfter(state.chunks, start);
  for (let address = start; address < start + inRow; address++) {
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
    cells.push(make(tag, cls, digitsText), inRow > 8 && address === start + 7 ? "  " : " ");
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
    byId("memory-note").textContent = "The dump contains no memories.";
    return;
  }
  byId("which").value = String(state.memory);
  byId("extent").textContent = `${grouped(memory.size)} bytes`;
  byId("memory-note").hidden = !memory.note;
  byId("memory-note").textContent = memory.note ?? "";
  const wanted = state.memory, chunks = await load(wanted);
  if (wanted !== state.memory) return;
  state.chunks = chunks;
  state.inRow = bytesInRow();
  byteList.setCount(Math.ceil(memory.size / state.inRow));
  byteList.show(Math.floor(state.address / state.inRow));
  if (document.activeElement !== byId("address")) byId("address").value = hex(state.address);
}

/** Goes to the start of the next or previous chunk of data. */
function step(forward) {
  const chunks = state.chunks ?? [];
  let at = rangeAfter(chunks, state.address);
  if (forward) { if (chunks[at] && chunks[at].start <= state.address) at++; }
  else at--;
  if (chunks[at]) go({ tab: "memory", address: chunks[at].start });
}

/** Returns the text that begins at an address; empty if the bytes are not text. */
function textAt(chunks, address) {
  const chunk = chunks[rangeAfter(chunks, address)];
  if (!chunk || chunk.start > address) return "";
  const LONGEST = 32, bytes = chunk.bytes.subarray(address - chunk.start, address - chunk.start + LONGEST);
  const other = bytes.findIndex(byte => byte < 0x20 || byte > 0x7e);
  const text = String.fromCharCode(...bytes.subarray(0, other < 0 ? LONGEST : other));
  return text.length < 4 ? "" : `“${text}${text.length === LONGEST ? "…" : ""}”`;
}
