"use strict";

/** Returns the stacks as a tree: index and depth of each, behind the stack that waits for it. */
function treeOf(stacks) {
  const children = stacks.map(() => []), pending = [];
  stacks.forEach((stack, at) => {
    const isBelow = stack.parent !== null && stack.parent < stacks.length && stack.parent !== at;
    if (isBelow) children[stack.parent].push(at); else pending.push([at, 0]);
  });
  const tree = [];
  pending.reverse();
  while (pending.length) {
    const [at, depth] = pending.pop();
    tree.push([at, depth]);
    for (const child of children[at].reverse()) pending.push([child, depth + 1]);
  }
  return tree;
}

/** Returns the thread of a stack that is no continuation's, in a dump of several threads. */
function threadOf(stack) {
  const several = data.threads.filter(thread => thread.state).length > 1;
  return several && !stack.continuation && stack.thread !== null ? data.threads[stack.thread] : null;
}

const stackTitle = stack => stack.continuation ? `continuation ${stack.number}` : threadOf(stack)?.name ?? "call from the host";

/** Returns the text of a stack's state. */
function stateText(stack) {
  if (stack.state === "parent") return "waits for the one below";
  return (stack.state === "suspended" && threadOf(stack)?.state) || stack.state;
}

const framesText = count => `${grouped(count)} frame${count === 1 ? "" : "s"}`;

/** Returns the index of the stack that is shown: the selected one, or that of the selected frame. */
function chosenStack() {
  if (state.stack !== null) return state.stack;
  return data.stacks.findIndex(stack => stack.thread === state.thread
    && stack.frame <= state.frame && state.frame < stack.frame + stack.frames);
}

/** Returns the selection for a stack: its youngest frame, or the stack itself if it has no frames. */
function ofStack(at) {
  const stack = data.stacks[at];
  return stack.frames ? { tab: "frame", thread: stack.thread, frame: stack.frame } : { tab: "frame", stack: at };
}

function stackRow(row) {
  const [at, depth] = tree[row], stack = data.stacks[at];
  const name = stack.function === null ? "" : split(stack.function.replace(/^func .*?!/, ""))[0];
  const element = make("div", "stack",
    make("span", "branch", depth ? "└" : "·"), make("span", "what", stackTitle(stack)),
    make("span", "state " + stack.state, stateText(stack)),
    make("span", "of", [name, framesText(stack.frames)].filter(Boolean).join(" · ")));
  element.style.paddingLeft = 12 + 18 * Math.min(depth, 10) + "px";
  element.title = `${stackTitle(stack)}: ${stack.function ?? ""}`;
  element.id = "stack-" + at;
  element.setAttribute("role", "treeitem");
  element.setAttribute("aria-level", String(depth + 1));
  element.setAttribute("aria-selected", String(at === state.inTree));
  element.addEventListener("click", () => chooseStack(at));
  return element;
}

function chooseStack(at) {
  byId("find").value = "";
  go({ stack: null, found: null, ...ofStack(at) });
}

function moveInTree(by) {
  const row = tree.findIndex(([at]) => at === state.inTree);
  chooseStack(tree[Math.min(Math.max(0, row + by), tree.length - 1)][0]);
}

/** Returns the text of a bound argument; a vector has no text but its bits. */
const boundText = bound => bound.type === "v128" && bound.bits ? lanesText(bound.bits.slice(2), state.lanes) : bound.value ?? "not known";

/** Shows a stack without frames. */
function drawStack() {
  const stack = data.stacks[state.stack];
  const parts = [make("h2", "", stackTitle(stack)), make("p", "meta", [stack.state, stack.function].filter(Boolean).join(" · "))];
  parts.push(make("p", "note", stack.state === "fresh" ? "Nothing has run on this stack yet." : "The stack has no frames."));
  if (stack.bound.length) {
    parts.push(make("h3", "", "Bound arguments"));
    parts.push(table(["", "type", "value", "bits"], stack.bound.map((bound, at) => row("", ["number dim", String(at)],
      ["dim", bound.type], ["number", boundText(bound)], ["dim", bound.bits ?? ""]))));
  }
  byId("frame").replaceChildren(...parts);
}

const handlersText = stack => stack.handlers.map(({ tag, switch: isSwitch }) => `${isSwitch ? "switch of tag" : "tag"} ${tag}`).join(", ");
