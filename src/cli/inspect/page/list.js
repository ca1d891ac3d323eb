"use strict";

const byId = id => document.getElementById(id);

/** Escapes characters of a name that would break its line or change the direction of text. */
function printable(text) {
  const short = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
  const misleading = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
  return text.replace(misleading, c => short[c] ?? `\\u{${c.charCodeAt(0).toString(16)}}`);
}

/** Creates an element with a class and contents: elements, or text, which is never markup. */
function make(tag, cls, ...content) {
  const element = document.createElement(tag);
  if (cls) element.className = cls;
  element.append(...content);
  return element;
}

/** Returns the bytes of an embedded part, which is compressed and encoded in base 64. */
async function unpack(id) {
  const packed = Uint8Array.from(atob(byId(id).textContent), c => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const grouped = number => Number(number).toLocaleString("en-US");
const hex = (number, digits = 0) => "0x" + number.toString(16).padStart(digits, "0");

/** A list of rows of equal height, of which only the visible ones exist as elements. */
class List {
  // Browsers limit the height of elements; above the limit the scroll bar covers more rows per pixel.
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
    // A scroll event caused by moveTo carries no new position, and its value is rounded.
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

  /** Scrolls a row into view; to the middle if it was not visible. */
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
