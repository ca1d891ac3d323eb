"use strict";

/** Returns a value's text, as a link if it refers to an object of the page. */
function content(v) {
  if (v.object === undefined || !data.objects || v.object >= data.objects.list.length) return shown(v);
  return objectLink(v.object, v.text);
}

function objectLink(number, text) {
  const link = make("a", "object", text);
  link.href = `#object/${number}`;
  return link;
}

const objectText = number => `object ${number} (${data.objects.types[data.objects.list[number].type].name})`;

/** Number of rows of a list that are shown at first, and that each click adds. */
const SOME = 200;

/** Returns the objects that refer to each object, which are found when they are first needed. */
function referrersOf(number) {
  if (!data.objects.referrers) {
    data.objects.referrers = data.objects.list.map(() => []);
    data.objects.list.forEach((object, at) => {
      let index = 0;
      for (const [count, packed] of object.items) {
        const to = packed[0] === "o" ? value(packed).object : undefined;
        data.objects.referrers[to]?.push([at, index]);
        index += count;
      }
    });
  }
  return data.objects.referrers[number];
}

/** Describes a place in an object. */
function placeIn(number, index) {
  const type = data.objects.types[data.objects.list[number].type];
  if (type.kind !== "structure") return `${type.kind === "array" ? "element" : "value"} ${index}`;
  return `field ${type.fields[index]?.[0] ?? index}`;
}

/** Returns a button that shows more rows of a list. */
function more(left, key) {
  const button = make("button", "", `${grouped(Math.min(left, SOME))} more of ${grouped(left)}`);
  button.addEventListener("click", () => { state[key] += SOME; draw(); });
  return button;
}

function drawObjects() {
  if (!data.objects) return byId("objects").replaceChildren(make("p", "note", "Objects are not recorded in this dump."));
  if (state.object !== null) return drawObject(state.object);
  const { types, list, total, leftOut } = data.objects;
  const parts = [make("h2", "", "Types of objects"), make("p", "meta", total)];
  const rows = types.map((type, at) => {
    const link = make("a", "", type.name);
    link.href = `#objects/${at}`;
    return row(at === state.type ? "chosen" : "", ["", link], ["dim", type.kind], ["number", grouped(type.objects)],
      ["number", grouped(type.bytes)], ["number", grouped(type.retained)]);
  });
  const heads = table(["type", "", "objects", "bytes", "retained"], rows);
  for (const head of [...heads.querySelectorAll("th")].slice(2)) head.className = "number";
  parts.push(rows.length ? heads : make("p", "note", "There are no objects."));
  if (leftOut) parts.push(make("p", "note", `${grouped(leftOut)} objects are in the dump and left out of this page.`));
  if (types[state.type]) {
    const numbers = list.map((_, at) => at).filter(at => list[at].type === state.type);
    parts.push(make("h3", "", "Objects of the selected type"));
    parts.push(table(["", "bytes", "retained", "text or first values"], numbers.slice(0, state.listed).map(number => {
      const { size, retained, text, items } = list[number];
      const first = text ?? items.slice(0, 4).map(([, packed]) => shown(value(packed))).join(", ");
      return row("", ["", objectLink(number, `object ${number}`)], ["number", grouped(size)], ["number", grouped(retained)], ["dim", first.slice(0, 100)]);
    })));
    if (numbers.length > state.listed) parts.push(more(numbers.length - state.listed, "listed"));
  }
  byId("objects").replaceChildren(...parts);
}

function drawObject(number) {
  const object = data.objects.list[number];
  if (!object) return byId("objects").replaceChildren(make("p", "note", `Object ${number} is not in this page.`));
  const type = data.objects.types[object.type];
  const back = make("a", "", "all types");
  back.href = "#objects";
  const parts = [make("h2", "", `object ${number} `, make("small", "", type.name)),
    make("p", "meta", `${type.kind} · ${grouped(object.size)} bytes · keeps ${grouped(object.retained)} bytes alive · `, back)];
  if (object.text !== null) parts.push(make("h3", "", "Text"), make("p", "text", object.text));

  parts.push(make("h3", "", { structure: "Fields", array: "Elements", exception: "Payload" }[type.kind]));
  let index = 0;
  const rows = object.items.map(([count, packed]) => {
    const v = value(packed), [name, declared] = type.fields[type.kind === "array" ? 0 : index] ?? [];
    const range = count > 1 ? `${index}–${index + count - 1}` : String(index);
    index += count;
    return row("", ["number dim", range], ["", type.kind === "structure" ? name ?? "" : ""], ["dim", declared ?? v.type],
      ["number", content(v)], ["dim", bitsCell(v, 0)]);
  });
  if (object.more) rows.push(row("", ["", "…"]));
  parts.push(rows.length ? table(["", "name", "type", "value", "bits"], rows) : make("p", "note", "None."));

  const referrers = referrersOf(number);
  parts.push(make("h3", "", "Referred to by objects"));
  parts.push(referrers.length ? table(["object", "place"], referrers.slice(0, state.referring).map(([from, at]) =>
    row("", ["", objectLink(from, objectText(from))], ["dim", placeIn(from, at)]))) : make("p", "note", "None."));
  if (referrers.length > state.referring) parts.push(more(referrers.length - state.referring, "referring"));

  parts.push(make("h3", "", "Shortest path from a root"));
  const path = [];
  for (let at = number; at !== null && data.objects.list[at]?.before;) {
    const [from, holder, place] = data.objects.list[at].before;
    path.push(row("", ["", from !== null && data.objects.list[from] ? objectLink(from, objectText(from)) : holder], ["dim", place]));
    at = from;
  }
  path.reverse();
  const shownPath = path.length > 2 * 20 ? [...path.slice(0, 20), row("", ["dim", `… ${grouped(path.length - 40)} more`]), ...path.slice(-20)] : path;
  parts.push(path.length ? table(["holder", "place"], shownPath) : make("p", "note", "No root leads to it."));
  byId("objects").replaceChildren(...parts);
}
