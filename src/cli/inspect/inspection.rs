//! A dump together with the modules that ran: descriptions of frames, values and functions.

use super::modules::ModuleFile;
use crate::cli::lanes::Shape;
use crate::cli::names::printable;
use crate::cli::source_files::SourceFiles;
use crate::cli::symbols::Symbols;
use crate::cli::value;
use backstitch::coredump::{
    Boundary, Field, Frame, Function, Heap, Module, ObjectKind, Position, RefKind, StackState,
    Storage, ThreadState, Type, Value,
};
use backstitch::{CoreDump, FrameSymbol, Symbolizer, demangle_without_hash};
use std::cell::OnceCell;

/// The debugging information of a module, if it has any, or the reason why it cannot be read.
pub(crate) type DebugInfo<'a> = Result<Option<Symbolizer<'a>>, String>;

/// A dump and the files of its modules, as far as they are available.
pub(crate) struct Inspection<'a> {
    /// The dump's file, as the user named it.
    pub(crate) file: String,
    pub(crate) dump: CoreDump<'a>,
    /// The dump's modules. If the dump lists none, one unknown module.
    pub(crate) listed: Vec<Module>,
    /// The file of each module.
    pub(crate) modules: &'a [Option<ModuleFile>],
    /// The debugging information in each module's file, once it was asked for: see
    /// [`Inspection::debug_info`].
    pub(crate) debug_info: Vec<OnceCell<DebugInfo<'a>>>,
    /// The shape in which vectors are shown.
    pub(crate) lanes: Shape,
    /// The source files that may be read.
    pub(crate) sources: SourceFiles,
}

/// The function of a frame.
pub(crate) struct Subject {
    /// The function's module, as an index into the dump's modules.
    pub(crate) module: Option<usize>,
    /// The module's name.
    pub(crate) module_name: String,
    /// The function's index in the module.
    pub(crate) index: u32,
    /// The function's name, demangled. As all names here, it is not escaped yet.
    pub(crate) name: Option<String>,
    /// Number of locals that are parameters.
    pub(crate) parameters: Option<usize>,
    /// The parameters and results.
    pub(crate) signature: Option<String>,
    /// Names and types of the locals, from the module.
    pub(crate) locals: Vec<Local>,
    /// Offset of the function's body in the module.
    pub(crate) start: Option<u64>,
}

/// A local's declaration.
#[derive(Clone, Default)]
pub(crate) struct Local {
    pub(crate) name: Option<String>,
    pub(crate) ty: Option<String>,
}

impl Subject {
    /// Formats the function as `module!function`, as in backtraces.
    pub(crate) fn title(&self) -> String {
        let module = printable(&self.module_name);
        match &self.name {
            Some(name) => format!("{module}!{}", printable(name)),
            None => format!("{module}!<wasm function {}>", self.index),
        }
    }

    /// Returns the offset in the module of a frame's instruction in this function.
    pub(crate) fn module_offset(&self, frame: &Frame) -> Option<u64> {
        Some(self.start? + u64::from(frame.code_offset))
    }

    /// Returns a local's declaration.
    pub(crate) fn local(&self, index: usize) -> Local {
        self.locals.get(index).cloned().unwrap_or_default()
    }
}

impl<'a> Inspection<'a> {
    /// Returns the debugging information in a module's file. An error is the reason why it cannot be
    /// read.
    pub(crate) fn debug_info(&self, module: usize) -> &DebugInfo<'a> {
        self.debug_info[module].get_or_init(|| match &self.modules[module] {
            Some(file) => file.symbolizer().map_err(|error| format!("{error:#}")),
            None => Ok(None),
        })
    }

    /// Returns the index of the module whose code runs in a frame.
    pub(crate) fn module_of(&self, frame: &Frame) -> Option<usize> {
        let index = match self.dump.instances().get(frame.instance as usize) {
            Some(instance) => instance.module as usize,
            // Some writers list no instances; a single module is then unambiguous.
            None if self.dump.instances().is_empty() && self.listed.len() == 1 => 0,
            None => return None,
        };
        (index < self.listed.len()).then_some(index)
    }

    /// Describes the function of a frame.
    pub(crate) fn subject(&self, frame: &Frame) -> Subject {
        let module = self.module_of(frame);
        let file = module.and_then(|index| self.modules[index].as_ref());
        let index = frame.function;
        let mut subject = Subject {
            module,
            module_name: match module {
                Some(index) => self.listed[index].name.clone(),
                None => "<unknown>".to_string(),
            },
            index,
            name: None,
            parameters: None,
            signature: None,
            locals: Vec::new(),
            start: None,
        };
        if let Some(file) = file {
            let symbols = &file.symbols;
            subject.name = symbols.function(index).map(demangle_without_hash);
            let mut types = Vec::new();
            if let Some(ty) = symbols.signature(index) {
                subject.parameters = Some(ty.params().len());
                subject.signature = Some(signature(symbols, ty));
                types.extend_from_slice(ty.params());
            }
            if let Some(body) = symbols.body(index) {
                subject.start = Some(body.start as u64);
                // A dump contains either all locals or none.
                let more = frame.locals.len().saturating_sub(types.len());
                types.extend(Symbols::declared_locals(&file.bytes[body], more));
            }
            let local = |(at, ty): (usize, &wasmparser::ValType)| Local {
                name: symbols.local(index, at as u32).map(str::to_string),
                ty: Some(symbols.value_type(*ty)),
            };
            subject.locals = types.iter().enumerate().map(local).collect();
        }
        subject
    }

    /// Returns the functions and source positions of a frame's instruction. There are none if its module
    /// is not known, or has no debugging information.
    pub(crate) fn symbols(&self, frame: &Frame, subject: &Subject) -> Vec<FrameSymbol> {
        let found = || {
            let offset = subject.module_offset(frame)?;
            let symbolizer = self.debug_info(subject.module?).as_ref().ok()?.as_ref()?;
            Some(symbolizer.symbols(offset))
        };
        found().unwrap_or_default()
    }

    /// Formats a value for people.
    pub(crate) fn text(&self, value: &Value) -> String {
        match *value {
            Value::Ref(RefKind::Func, Some(index)) => self.function(index),
            Value::Ref(RefKind::Any | RefKind::Exn, Some(number))
                if self.dump.reached().is_some() =>
            {
                self.reference(number)
            }
            _ => value::print_raw(value, self.lanes),
        }
    }

    /// Describes the object that a reference refers to.
    fn reference(&self, number: u64) -> String {
        let objects = self.dump.objects();
        let object = usize::try_from(number).ok().and_then(|at| objects.get(at));
        let Some(object) = object else {
            return format!("object {number} (not in the dump)");
        };
        match (object.kind, self.dump.object_type(object)) {
            (ObjectKind::Exception(tag), _) => format!("object {number} (exception of tag {tag})"),
            (_, Some(ty)) => format!("object {number} ({})", ty.name()),
            (_, None) => format!("object {number}"),
        }
    }

    /// Describes the function that a reference refers to.
    pub(crate) fn function(&self, index: u64) -> String {
        let functions = self.dump.functions();
        let function = usize::try_from(index).ok().and_then(|at| functions.get(at));
        match function {
            Some(Function::Wasm { instance, index }) => {
                let frame = Frame {
                    instance: *instance,
                    function: *index,
                    code_offset: 0,
                    locals: Vec::new(),
                    operands: Vec::new(),
                    details: None,
                };
                format!("func {}", self.subject(&frame).title())
            }
            Some(Function::Host { .. }) => "func of the host".to_string(),
            None => format!("func {index}"),
        }
    }

    /// Returns the reason for the dump as a sentence, if the dump contains one.
    pub(crate) fn reason(&self) -> Option<String> {
        self.dump.reason().map(ToString::to_string)
    }

    /// Describes the access that was out of bounds.
    pub(crate) fn access(&self) -> Option<String> {
        let access = self.dump.reason()?.access?;
        let size = self.dump.memories().get(access.memory as usize);
        let has = size.map_or(String::new(), |memory| {
            format!(", which has {:#x} bytes", memory.size())
        });
        Some(format!(
            "{} bytes at address {:#x} + offset {:#x} of memory {}{has}",
            access.size, access.address, access.offset, access.memory
        ))
    }
}

fn signature(symbols: &Symbols, ty: &wasmparser::FuncType) -> String {
    let list = |types: &[wasmparser::ValType]| {
        let texts = types.iter().map(|&ty| symbols.value_type(ty));
        let texts: Vec<String> = texts.collect();
        texts.join(", ")
    };
    let params = list(ty.params());
    match ty.results() {
        [] => format!("({params})"),
        [result] => format!("({params}) -> {}", symbols.value_type(*result)),
        results => format!("({params}) -> ({})", list(results)),
    }
}

/// Returns the type of a value whose declared type is unknown.
pub(crate) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::I32(_) => "i32",
        Value::I64(_) => "i64",
        Value::F32(_) => "f32",
        Value::F64(_) => "f64",
        Value::V128(_) => "v128",
        Value::Missing => "?",
        Value::Ref(RefKind::Func, _) => "funcref",
        Value::Ref(RefKind::Extern, _) => "externref",
        Value::Ref(RefKind::Any, _) => "anyref",
        Value::Ref(RefKind::I31, _) => "i31ref",
        Value::Ref(RefKind::Exn, _) => "exnref",
        Value::Ref(RefKind::Cont, _) => "contref",
    }
}

/// Formats the bits of a numeric value.
pub(crate) fn bits_of(value: &Value) -> Option<String> {
    match value {
        Value::I32(bits) | Value::F32(bits) => Some(format!("{bits:#010x}")),
        Value::I64(bits) | Value::F64(bits) => Some(format!("{bits:#018x}")),
        Value::V128(bits) => Some(format!("{bits:#034x}")),
        Value::Ref(..) | Value::Missing => None,
    }
}

/// Describes the state of a thread. Nothing is said of continuations: their names contain it.
pub(crate) fn thread_state(state: ThreadState) -> Option<String> {
    (state != ThreadState::Detached).then(|| state.to_string())
}

/// Describes a frame's position relative to its instruction.
pub(crate) fn position(position: Position) -> &'static str {
    match position {
        Position::Before => "before this instruction",
        Position::Trapped => "trapped in this instruction",
        Position::Calling => "in the call",
    }
}

/// Describes the boundary between a frame and its caller, if there is one.
pub(crate) fn boundary(boundary: Boundary) -> Option<&'static str> {
    match boundary {
        Boundary::None => None,
        Boundary::Instance => Some("another instance"),
        Boundary::Host => Some("the host"),
        Boundary::Continuation => Some("the end of a continuation"),
    }
}

/// Returns the name of a stack's state for JSON.
pub(crate) fn state_name(state: StackState) -> &'static str {
    match state {
        StackState::Fresh => "fresh",
        StackState::Running => "running",
        StackState::Parent => "parent",
        StackState::Suspended => "suspended",
        StackState::Returned => "returned",
        StackState::Trapped => "trapped",
    }
}

/// Describes a stack's state for people.
pub(crate) fn state(state: StackState) -> &'static str {
    match state {
        StackState::Parent => "waits for the stack that it resumed",
        other => state_name(other),
    }
}

/// Returns the declared type of a field. Types of objects in the dump have their names.
pub(crate) fn declared_type(inspection: &Inspection<'_>, field: &Field) -> String {
    match field.storage {
        Storage::I8 => "i8".to_string(),
        Storage::I16 => "i16".to_string(),
        Storage::Value(
            ty @ Type::Ref {
                nullable,
                heap: Heap::Concrete(index),
            },
        ) => {
            let types = inspection.dump.object_types();
            let known = types.iter().find(|known| known.ty == index);
            match known.and_then(|known| known.name.as_ref()) {
                Some(name) if nullable => format!("(ref null ${name})"),
                Some(name) => format!("(ref ${name})"),
                None => ty.to_string(),
            }
        }
        Storage::Value(ty) => ty.to_string(),
    }
}
