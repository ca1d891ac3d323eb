"""Backtraces of WebAssembly in GDB, for programs that run it with Backstitch.

    (gdb) source examples/gdb/backstitch.py
    (gdb) wasm-bt               the frames of what this thread runs
    (gdb) wasm-bt 7             the frames of stack 7, where it is suspended
    (gdb) wasm-stacks           the stacks of all stores, and who waits for whom

It reads memory and registers alone: it needs no debugging information of the program's,
only its symbol table, and it works on core files too. How stacks are walked is told in
spec-tests/src/naive.rs, which is the same thing in Rust.

While an instruction of WebAssembly's is under way, its frame is between two states, and
what the machine's registers say of it may be half of each. Then `wasm-bt` steps the
thread to the end of the instruction, with all other threads standing still.
"""

import re

import gdb

SLOT = 8
# Machine instructions that an instruction of WebAssembly's may take before it is given up.
STEPS = 20_000
# Where handlers have their first two arguments, by GDB's name of the architecture.
ARGUMENTS = {
    "i386:x86-64": ("rdi", "rsi"),
    "aarch64": ("x0", "x1"),
    "riscv:rv64": ("a0", "a1"),
}
# The same, in the calling convention that preserves no registers.
PRESERVE_NONE = {
    "i386:x86-64": ("r12", "r13"),
    "aarch64": ("x20", "x21"),
}


class Unreadable(Exception):
    """The memory does not hold what it should."""


def read(address, size):
    try:
        return gdb.selected_inferior().read_memory(address, size).tobytes()
    except gdb.MemoryError as error:
        raise Unreadable(f"cannot read {size} bytes at {address:#x}") from error


def endian():
    return "big" if "big" in gdb.execute("show endian", to_string=True) else "little"


class Process:
    """A process, as the root of one version of the library describes it."""

    def __init__(self, root=None):
        self.endian = endian()
        self.pointer = evaluate("sizeof(void *)")
        self.names = {}
        self.fields = {}
        root = root or find_roots()[0]
        if read(root, 8) != b"backstit":
            raise Unreadable(f"the root at {root:#x} is not what it should be")
        version = self.number(root + 8, 8)
        if version != 1:
            raise Unreadable(f"the program's root has version {version}, this script knows 1")
        fields = self.number(root + 16, self.pointer)
        count = self.number(root + 24, 8)
        table = read(fields, count * 64)
        for at in range(0, len(table), 64):
            name = table[at : at + 48].rstrip(b"\0").decode()
            offset, size = (
                int.from_bytes(table[at + field : at + field + 8], self.endian) for field in (48, 56)
            )
            self.fields[name] = (offset, size)
        self.stores = self.number(root + 32, self.pointer)

    def number(self, address, size):
        return int.from_bytes(read(address, size), self.endian)

    def get(self, name, structure):
        """A field of a structure."""
        offset, size = self.fields[name]
        return self.number(structure + offset, size)

    def offset(self, name):
        """Where a field is; or a number that has a name."""
        return self.fields[name][0]

    def size(self, name):
        """The size of a structure or a field."""
        return self.fields[name][1]

    def contexts(self):
        """The contexts of all stores."""
        node = self.get("List.first", self.stores)
        while node:
            store = node + self.offset("Node.store")
            yield self.get("ListedStore.context", store)
            node = self.get("Node.next", node)

    def activations(self, context):
        """The activations of a store, the newest first."""
        first = self.get("Context.activations", context)
        count = self.get("Context.activation_count", context)
        for index in reversed(range(count)):
            yield first + index * self.size("Activation")

    def names_of(self, module):
        """The names in a module's name section: the module's, and the functions'."""
        if module not in self.names:
            address = self.get("ListedModule.bytes", module)
            size = self.get("ListedModule.bytes_len", module)
            self.names[module] = read_names(address, size)
        return self.names[module]


def evaluate(expression):
    """The number that an expression in C has, whatever the language of the frame."""
    text = gdb.execute(f"with language c -- output/x {expression}", to_string=True)
    # A warning that the frame's language is another one may follow.
    return int(re.match("0x[0-9a-f]+", text)[0], 16)


# The library's version follows in the symbol's name.
ROOT = "backstitch_root_"


def find_roots():
    """The addresses of the roots: a program may use several versions of the library."""
    command = f"with language c -- complete output {ROOT}"
    completions = gdb.execute(command, to_string=True)
    symbols = sorted(set(re.findall(rf"\b{ROOT}\w+", completions)))
    if not symbols:
        raise Unreadable(
            f"this program has no symbol `{ROOT}…`: it does not use Backstitch, or its "
            "symbols were stripped"
        )
    return [evaluate(f"(unsigned long) &{symbol}") for symbol in symbols]


def processes():
    """The process, once for each version of the library that it uses."""
    return [Process(root) for root in find_roots()]


# --- modules ---


def leb128(data, at):
    """An unsigned number at a place, and the place behind it."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


class Names:
    """What a module's binary says of its functions."""

    def __init__(self):
        self.module = None
        self.functions = {}
        # Where the body of each defined function begins.
        self.bodies = []


def read_names(address, size):
    names = Names()
    at = 8
    try:
        while at < size:
            head = read(address + at, min(size - at, 6))
            length, behind = leb128(head, 1)
            start = at + behind
            if head[0] == 0:
                custom_section(names, read(address + start, length))
            elif head[0] == 10:
                code_section(names, read(address + start, length), start)
            at = start + length
    except (IndexError, UnicodeDecodeError):
        # Names are a courtesy: what is wrong with them is left out.
        pass
    return names


def text(data, at):
    length, at = leb128(data, at)
    return data[at : at + length].decode(errors="replace"), at + length


def custom_section(names, data):
    name, at = text(data, 0)
    if name != "name":
        return
    while at < len(data):
        kind = data[at]
        length, start = leb128(data, at + 1)
        if kind == 0:
            names.module, _ = text(data, start)
        elif kind == 1:
            count, item = leb128(data, start)
            for _ in range(count):
                function, item = leb128(data, item)
                name, item = text(data, item)
                names.functions.setdefault(function, name)
        at = start + length


def code_section(names, data, start):
    count, at = leb128(data, 0)
    for _ in range(count):
        length, at = leb128(data, at)
        names.bodies.append(start + at)
        at += length


# --- frames ---


class Frame:
    """A frame, or where one goes on."""

    def __init__(self, stack, fp, ip, is_return, instance):
        self.stack = stack
        # In slots from the stack's base.
        self.fp = fp
        self.ip = ip
        self.is_return = is_return
        self.instance = instance


class Boundary:
    """What lies between two frames."""

    def __init__(self, text):
        self.text = text


class Store:
    """A store, by the address of its context."""

    def __init__(self, process, context):
        self.process = process
        self.context = context

    def get(self, name):
        return self.process.get(name, self.context)

    def stack(self, number):
        """The directory's entry of a stack."""
        if not 0 < number < self.get("Context.stack_count"):
            raise Unreadable(f"there is no stack {number}")
        return self.get("Context.stacks") + number * self.process.size("Stack")

    def stands(self, number):
        """Where a stack stands while other code runs."""
        process = self.process
        exit = self.stack(number) + process.offset("Stack.exit")
        return Frame(
            number,
            process.get("ExitPoint.fp", exit),
            process.get("ExitPoint.ip", exit),
            process.get("ExitPoint.is_return", exit) != 0,
            process.get("ExitPoint.instance", exit),
        )

    def parent(self, number):
        """The stack that waits for one, or 0."""
        process = self.process
        stack = self.stack(number)
        base = process.get("Stack.base", stack)
        continuation = process.offset("BOUNDARY_CONTINUATION")
        if base == process.get("Stack.limit", stack):
            return 0
        if process.get("Boundary.kind", base) != continuation:
            return 0
        return process.get("Boundary.parent", base) & 0xFFFF_FFFF

    def walk(self, at):
        """The frames from one on, and the boundaries between them."""
        process = self.process
        if at.ip == 0:
            # Nothing has run on it: it is the host's.
            return
        while True:
            stack = self.stack(at.stack)
            base = process.get("Stack.base", stack)
            record = base + at.fp * SLOT
            if not base <= record < process.get("Stack.limit", stack):
                raise Unreadable(f"a frame of stack {at.stack} is not on it")
            link = process.get("Record.link", record)
            tag = process.offset("BOUNDARY_TAG")
            caller = Frame(
                at.stack,
                at.fp - (link & ~tag) // SLOT,
                process.get("Record.return_ip", record),
                True,
                at.instance,
            )
            if not link & tag:
                yield at
                at = caller
                continue
            kind = process.get("Boundary.kind", record)
            if kind == process.offset("BOUNDARY_HOST"):
                yield Boundary(f"stack {at.stack} ends: called by the host")
                return
            if kind == process.offset("BOUNDARY_INSTANCE"):
                caller.instance = process.get("Boundary.instance", record)
                at = caller
                continue
            waiting = process.get("Boundary.parent", record)
            parent = waiting & 0xFFFF_FFFF
            if parent == 0:
                yield Boundary(f"stack {at.stack} ends: suspended")
                return
            yield Boundary(f"stack {at.stack} ends: resumed by stack {parent}")
            at = self.stands(parent)
            at.fp = waiting >> 32

    def locate(self, frame):
        """The module of a frame, and the function and the offset there."""
        process = self.process
        module = process.get("InstanceCore.module", frame.instance)
        count = process.get("ListedModule.functions", module)
        entries = read(process.get("ListedModule.entries", module), count * process.pointer)
        # A call's return address may be behind the last instruction.
        address = frame.ip - frame.is_return
        header_size = process.size("CodeHeader")
        best = None
        for function in range(count):
            at = function * process.pointer
            header = int.from_bytes(entries[at : at + process.pointer], process.endian)
            if header + header_size <= address and (best is None or header > best[0]):
                best = (header, function)
        if best is None:
            return module, None, None
        header, function = best
        offset = (address - header - header_size) // SLOT
        if offset >= process.get("CodeHeader.length", header):
            return module, None, None
        return module, function, offset

    def show(self, frame):
        """A frame in words."""
        process = self.process
        module, function, offset = self.locate(frame)
        names = process.names_of(module)
        instance = process.get("InstanceCore.index", frame.instance)
        name = names.module or "<unknown>"
        if function is None:
            return f"{name}!<about to be translated> (instance {instance})"
        label = names.functions.get(function, f"<wasm function {function}>")
        defined = function - process.get("ListedModule.imported_functions", module)
        body = ""
        if 0 <= defined < len(names.bodies):
            body = f", body at {names.bodies[defined]:#x}"
        return f"{name}!{label} (function {function}{body}, cell {offset}, instance {instance})"

    # --- where code is now ---

    def live(self):
        """Where `ip` and `fp` are now; and whether that is in the context."""
        process = self.process
        place = self.get("Context.live")
        if place == 0:
            return self.get("Context.ip"), self.get("Context.fp"), True
        if place == process.offset("LIVE_IN_ARGUMENTS"):
            return *registers(ARGUMENTS), False
        if place == process.offset("LIVE_IN_PRESERVE_NONE"):
            return *registers(PRESERVE_NONE), False
        return process.get("LivePoint.ip", place), process.get("LivePoint.fp", place), False

    def is_settled(self):
        """Whether the machine is not in the middle of an instruction of WebAssembly's: it
        is outside of handlers, or at the beginning of the one that `ip` names."""
        ip, _, saved = self.live()
        if saved:
            return True
        try:
            return self.process.number(ip, self.process.pointer) == pc()
        except Unreadable:
            return False

    def settle(self):
        """Steps to where that is so: how many machine instructions that took."""
        locking = gdb.parameter("scheduler-locking")
        steps = 0
        try:
            gdb.execute("set scheduler-locking on", to_string=True)
            while not self.is_settled():
                if steps == STEPS:
                    raise Unreadable("the instruction under way does not end")
                gdb.execute("stepi", to_string=True)
                steps += 1
        except gdb.error as error:
            raise Unreadable(
                "the machine is in the middle of an instruction of WebAssembly's, and "
                f"cannot be stepped to its end ({error})"
            ) from error
        finally:
            gdb.execute(f"set scheduler-locking {locking}", to_string=True)
        return steps

    def now(self):
        """Where the newest activation stands, if that is not in the host."""
        process = self.process
        running = self.get("Context.running")
        number = (running - self.get("Context.stacks")) // process.size("Stack")
        ip, fp, _ = self.live()
        base = process.get("Stack.base", running)
        if not base <= fp < process.get("Stack.limit", running):
            raise Unreadable("the program is about to leave one stack for another")
        return Frame(number, (fp - base) // SLOT, ip, False, self.get("Context.instance"))

    def backtrace(self):
        """Prints the frames of all activations."""
        newest = True
        printer = Printer(self)
        for activation in self.process.activations(self.context):
            if self.process.get("Activation.exited", activation):
                chain = activation + self.process.offset("Activation.chain")
                first = self.process.get("StackChain.first", chain)
                printer.print(self.walk(self.stands(first)))
            elif newest:
                steps = 0 if self.is_settled() else self.settle()
                if steps:
                    print(f"(stepped {steps} machine instructions, to the next instruction)")
                if self.process.get("Activation.exited", activation):
                    # That has led into the host.
                    return self.backtrace()
                printer.print(self.walk(self.now()))
            newest = False
        return None


class Printer:
    """Numbers frames."""

    def __init__(self, store):
        self.store = store
        self.count = 0

    def print(self, walk):
        for item in walk:
            if isinstance(item, Boundary):
                print(f"     -- {item.text} --")
            else:
                print(f"#{self.count:<3} {self.store.show(item)} on stack {item.stack}")
                self.count += 1


# --- the machine ---


def pc():
    return int(gdb.newest_frame().pc())


def registers(names):
    frame = gdb.newest_frame()
    architecture = frame.architecture().name()
    if architecture not in names:
        raise Unreadable(f"it is not known where handlers have their registers on {architecture}")
    return [int(frame.read_register(name)) & (2**64 - 1) for name in names[architecture]]


def stack_pointers():
    """The stack pointers of all threads, with their threads."""
    selected = gdb.selected_thread()
    frame = gdb.selected_frame()
    pointers = []
    try:
        for thread in gdb.selected_inferior().threads():
            thread.switch()
            pointers.append((int(gdb.newest_frame().read_register("sp")), thread.num))
    finally:
        selected.switch()
        frame.select()
    return pointers


def stores_of_this_thread(*processes):
    """The stores that the selected thread runs, the innermost first."""
    this = gdb.selected_thread().num
    pointers = stack_pointers()
    found = []
    contexts = [(process, context) for process in processes for context in process.contexts()]
    for process, context in contexts:
        newest = next(process.activations(context), None)
        if newest is None:
            continue
        marker = process.get("Activation.native_stack", newest)
        below = [(pointer, thread) for pointer, thread in pointers if pointer <= marker]
        if below and max(below)[1] == this:
            found.append((marker, Store(process, context)))
    return [store for _, store in sorted(found, key=lambda pair: pair[0])]


# --- commands ---


class WasmBacktrace(gdb.Command):
    """Print the frames of WebAssembly, the youngest first.

Usage: wasm-bt [STACK]

Without an argument: the frames of what the selected thread runs, across continuations and
calls from the host. With the number of a stack: the frames from there, if it is suspended
or waits for another one."""

    def __init__(self):
        super().__init__("wasm-bt", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        try:
            if argument:
                number = int(gdb.parse_and_eval(argument))
                for process in processes():
                    self.stack(process, number)
            else:
                self.thread()
        except Unreadable as error:
            raise gdb.GdbError(f"{error}.") from error

    def thread(self):
        if gdb.selected_thread() is None:
            raise gdb.GdbError("The program is not being run.")
        stores = stores_of_this_thread(*processes())
        if not stores:
            print("This thread runs no WebAssembly.")
        for store in stores:
            if len(stores) > 1:
                print(f"Store at {store.context:#x}:")
            store.backtrace()

    def stack(self, process, number):
        for context in process.contexts():
            store = Store(process, context)
            if not 0 < number < store.get("Context.stack_count"):
                continue
            state = process.get("Stack.state", store.stack(number))
            if state == process.offset("STATE_FREE"):
                continue
            print(f"Store at {context:#x}:")
            Printer(store).print(store.walk(store.stands(number)))


class WasmStacks(gdb.Command):
    """List the stacks of all stores: what each is used for, and which one waits for it."""

    STATES = ("FRESH", "RUNNING", "SUSPENDED", "RETURNED", "TRAPPED")

    def __init__(self):
        super().__init__("wasm-stacks", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        try:
            for process in processes():
                self.list(process)
        except Unreadable as error:
            raise gdb.GdbError(f"{error}.") from error

    def list(self, process):
        states = {process.offset(f"STATE_{name}"): name.lower() for name in self.STATES}
        for context in process.contexts():
            store = Store(process, context)
            print(f"Store at {context:#x}:")
            for number in range(1, store.get("Context.stack_count")):
                stack = store.stack(number)
                state = states.get(process.get("Stack.state", stack))
                if state is None:
                    continue
                size = process.get("Stack.limit", stack) - process.get("Stack.base", stack)
                parent = store.parent(number)
                waiting = f", resumed by stack {parent}" if parent else ""
                print(f"  stack {number}: {state}, {size // SLOT} slots{waiting}")


WasmBacktrace()
WasmStacks()
