//! The contents of a core dump as `wasmparser` reads them.

use wasmparser::{CoreDumpValue, DataKind, KnownCustom, Parser, Payload, Validator, WasmFeatures};

/// Contents of a dump, as read by `wasmparser`.
#[derive(Debug, Default, PartialEq)]
pub struct Parsed {
    pub name: String,
    pub modules: Vec<String>,
    /// Module, memories and globals of each instance.
    pub instances: Vec<(u32, Vec<u32>, Vec<u32>)>,
    /// Contents of each memory.
    pub memories: Vec<Vec<u8>>,
    /// Type and initial value of each global, as text.
    pub globals: Vec<String>,
    /// Name and frames of each stack.
    pub stacks: Vec<(String, Vec<ParsedFrame>)>,
    pub segments: usize,
    pub has_data_section: bool,
}

#[derive(Debug, PartialEq)]
pub struct ParsedFrame {
    pub instance: u32,
    pub function: u32,
    pub offset: u32,
    pub locals: Vec<String>,
    pub operands: Vec<String>,
}

/// Reads a dump, which must be a valid module.
pub fn parse(dump: &[u8]) -> Parsed {
    Validator::new_with_features(WasmFeatures::all())
        .validate_all(dump)
        .expect("a dump is a valid module");
    let mut parsed = Parsed::default();
    for payload in Parser::new(0).parse_all(dump) {
        match payload.unwrap() {
            Payload::MemorySection(section) => {
                for ty in section {
                    let ty = ty.unwrap();
                    let size = ty.initial << ty.page_size_log2.unwrap_or(16);
                    parsed.memories.push(vec![0; size as usize]);
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    let global = global.unwrap();
                    let init = global.init_expr.get_operators_reader().read().unwrap();
                    let text = format!("{:?} {init:?}", global.ty.content_type);
                    parsed.globals.push(text);
                }
            }
            Payload::DataSection(section) => {
                parsed.has_data_section = true;
                for segment in section {
                    let segment = segment.unwrap();
                    let DataKind::Active {
                        memory_index,
                        offset_expr,
                    } = segment.kind
                    else {
                        panic!("all segments are active")
                    };
                    let offset = match offset_expr.get_operators_reader().read().unwrap() {
                        wasmparser::Operator::I32Const { value } => value as u32 as usize,
                        wasmparser::Operator::I64Const { value } => value as usize,
                        other => panic!("{other:?}"),
                    };
                    let memory = &mut parsed.memories[memory_index as usize];
                    let data = segment.data;
                    assert!(
                        data[0] != 0 && data[data.len() - 1] != 0,
                        "zeros are trimmed"
                    );
                    memory[offset..offset + data.len()].copy_from_slice(data);
                    parsed.segments += 1;
                }
            }
            Payload::CustomSection(section) => match section.as_known() {
                KnownCustom::CoreDump(core) => parsed.name = core.name.to_string(),
                KnownCustom::CoreDumpModules(modules) => {
                    parsed.modules = modules.modules.iter().map(ToString::to_string).collect();
                }
                KnownCustom::CoreDumpInstances(section) => {
                    let instances = section.instances.into_iter();
                    parsed.instances = instances
                        .map(|instance| {
                            (instance.module_index, instance.memories, instance.globals)
                        })
                        .collect();
                }
                KnownCustom::CoreDumpStack(stack) => {
                    let frames = stack.frames.iter().map(|frame| ParsedFrame {
                        instance: frame.instanceidx,
                        function: frame.funcidx,
                        offset: frame.codeoffset,
                        locals: frame.locals.iter().map(show).collect(),
                        operands: frame.stack.iter().map(show).collect(),
                    });
                    parsed
                        .stacks
                        .push((stack.name.to_string(), frames.collect()));
                }
                _ => assert_eq!(section.name(), "backstitch.coredump"),
            },
            _ => {}
        }
    }
    parsed
}

fn show(value: &CoreDumpValue) -> String {
    match value {
        CoreDumpValue::Missing => "missing".into(),
        CoreDumpValue::I32(value) => format!("i32 {value}"),
        CoreDumpValue::I64(value) => format!("i64 {value}"),
        CoreDumpValue::F32(value) => format!("f32 {:x}", value.bits()),
        CoreDumpValue::F64(value) => format!("f64 {:x}", value.bits()),
    }
}
