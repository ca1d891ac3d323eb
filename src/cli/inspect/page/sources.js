"use strict";

/** Splits the text of a value into what is before its parts, and its parts. Returns null if it has no parts. */
function partsOf(text) {
  const closing = { "{": "}", "[": "]" };
  let quote = null, open = [], start = 0, before = null;
  const parts = [];
  for (let at = 0; at < text.length; at++) {
    const c = text[at];
    if (quote) {
      if (c === "\\") at++;
      else if (c === quote) quote = null;
    } else if (c === '"' || c === "'") quote = c;
    else if (c in closing) {
      if (!open.length) {
        before = text.slice(0, at).trim();
        start = at + 1;
      }
      open.push(closing[c]);
    } else if (c === open.at(-1)) {
      open.pop();
      if (!open.length) {
        if (at + 1 < text.length || at === start) return null;
        parts.push(text.slice(start, at));
      }
    } else if (open.length === 1 && text.startsWith(", ", at)) {
      parts.push(text.slice(start, at));
      start = at + 2;
    }
  }
  return open.length || quote || before === null ? null : { before, parts, isList: text.endsWith("]") };
}

/** Shows the text of a variable's value. If it has parts, they can be unfolded. */
function sourceValue(text) {
  const value = partsOf(text);
  if (!value) return make("span", "", text);
  const details = make("details", "parts", make("summary", "", text));
  // Parts are made when they are first shown.
  details.addEventListener("toggle", () => {
    const list = make("div", "fields", ...value.parts.map((part, at) => {
      const equals = value.isList ? -1 : part.indexOf(" = ");
      const name = value.isList ? String(at) : equals < 0 ? "" : part.slice(0, equals);
      return make("div", "field", make("span", "dim", name), sourceValue(equals < 0 ? part : part.slice(equals + 3)));
    }));
    details.append(list);
  }, { once: true });
  return details;
}

/** Returns the elements with a frame's variables. */
function variables(scopes) {
  if (scopes === null) return [make("p", "note", "Variables of the source are left out here: see `inspect --frame`.")];
  return scopes.flatMap(scope => {
    const rows = scope.variables.map(({ name, type, value, parameter }) => row("",
      ["", name ?? "<unnamed>"], ["dim", type], ["dim", parameter ? "param" : ""],
      value === null ? ["dim", "<unknown>"] : ["", sourceValue(value)]));
    return [make("h3", "", "Variables of ", make("span", "plain", scope.function ?? "<unknown>")),
      rows.length ? table(["name", "type", "", "contents"], rows) : make("p", "note", "None.")];
  });
}

/** Returns an element with a source position, which can be unfolded if the page has its text. */
function sourcePosition([text, file, number], isOpen) {
  const source = data.sourceTexts[file];
  if (!source) return make("p", "meta", text);
  const lines = [];
  let first = number;
  while (first > number - 200 && source.lines[first - 1] !== undefined) first--;
  for (let at = first, line; at < number + 200 && (line = source.lines[at]) !== undefined; at++) {
    lines.push(make("div", at === number ? "here" : "", make("span", "", at === number ? "▶" : ""),
      make("span", "offset", String(at)), make("span", "", line)));
  }
  if (!lines.length) return make("p", "meta", `${text} (${source.missing ?? "the file has no such line"})`);
  const code = make("div", "code source", ...lines);
  code.tabIndex = 0;
  const details = make("details", "position", make("summary", "meta", text), code);
  const here = code.querySelector(".here");
  details.addEventListener("toggle", () => { if (here) centre(here); });
  details.open = isOpen;
  return details;
}

/** Scrolls a listing so that a line of it is in the middle. */
function centre(line) {
  line.parentNode.scrollTop = line.offsetTop - line.parentNode.clientHeight / 2;
}
