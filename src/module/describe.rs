//! Types in the words of the text format, for messages.
//!
//! An engine's numbers of types do not show: what a type is made of is written out, as
//! deep as a reader can follow, and where that does not tell two types apart, their place
//! in a recursion group and their supertypes do.

use super::type_registry::TypeRegistry;
use super::types::{
    CompositeType, ExternType, FieldType, FuncType, GlobalType, HeapType, MemoryType, RefType,
    StorageType, TableType, ValType,
};
use crate::ids::TypeId;
use alloc::string::String;
use core::fmt::{Result, Write};

/// Types within types are written out so deep,
const DEPTH: u32 = 2;
/// and so many of them.
const COUNT: u32 = 16;

/// The type of something that is imported or exported.
pub fn describe_extern(types: &TypeRegistry, ty: &ExternType) -> String {
    describe(types, |text| text.external(ty))
}

/// A type that a module defines.
pub fn describe_type(types: &TypeRegistry, id: TypeId) -> String {
    describe(types, |text| text.defined(id))
}

fn describe(types: &TypeRegistry, write: impl FnOnce(&mut Text<'_>) -> Result) -> String {
    let mut text = Text {
        types,
        out: String::new(),
        depth: 0,
        left: COUNT,
    };
    // Writing to a string does not fail.
    let _ = write(&mut text);
    text.out
}

struct Text<'a> {
    types: &'a TypeRegistry,
    out: String,
    /// How many types the present one is within.
    depth: u32,
    /// How many more are written out.
    left: u32,
}

impl Text<'_> {
    fn external(&mut self, ty: &ExternType) -> Result {
        match ty {
            ExternType::Func(id) => self.defined(*id),
            ExternType::Table(ty) => self.table(ty),
            ExternType::Memory(ty) => self.memory(ty),
            ExternType::Global(ty) => self.global(ty),
            ExternType::Tag(id) => {
                self.out.write_str("(tag ")?;
                self.defined(*id)?;
                self.out.write_str(")")
            }
        }
    }

    fn defined(&mut self, id: TypeId) -> Result {
        if self.depth == DEPTH || self.left == 0 {
            return self.out.write_str("…");
        }
        self.left -= 1;
        self.depth += 1;
        let ty = self.types.get(id);
        let group = self.types.group(id);
        if group.count > 1 {
            write!(self.out, "(rec {}/{} ", group.index, group.count)?;
        }
        let is_sub = !ty.is_final || ty.supertype.is_some();
        if is_sub {
            self.out
                .write_str(if ty.is_final { "(sub final " } else { "(sub " })?;
        }
        if let Some(supertype) = ty.supertype {
            self.defined(supertype)?;
            self.out.write_str(" ")?;
        }
        self.composite(&ty.composite)?;
        if is_sub {
            self.out.write_str(")")?;
        }
        if group.count > 1 {
            self.out.write_str(")")?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn composite(&mut self, ty: &CompositeType) -> Result {
        match ty {
            CompositeType::Func(func) => return self.func(func),
            CompositeType::Struct(fields) => {
                self.out.write_str("(struct")?;
                for field in fields {
                    self.out.write_str(" (field ")?;
                    self.field(field)?;
                    self.out.write_str(")")?;
                }
            }
            CompositeType::Array(element) => {
                self.out.write_str("(array ")?;
                self.field(element)?;
            }
            CompositeType::Cont(func) => {
                self.out.write_str("(cont ")?;
                self.defined(*func)?;
            }
        }
        self.out.write_str(")")
    }

    fn func(&mut self, ty: &FuncType) -> Result {
        self.out.write_str("(func")?;
        for (name, list) in [("param", &ty.params), ("result", &ty.results)] {
            if !list.is_empty() {
                write!(self.out, " ({name}")?;
                for &ty in list {
                    self.out.write_str(" ")?;
                    self.value(ty)?;
                }
                self.out.write_str(")")?;
            }
        }
        self.out.write_str(")")
    }

    fn field(&mut self, ty: &FieldType) -> Result {
        if ty.mutable {
            self.out.write_str("(mut ")?;
        }
        match ty.storage {
            StorageType::I8 => self.out.write_str("i8")?,
            StorageType::I16 => self.out.write_str("i16")?,
            StorageType::Val(ty) => self.value(ty)?,
        }
        self.out.write_str(if ty.mutable { ")" } else { "" })
    }

    fn value(&mut self, ty: ValType) -> Result {
        match ty {
            ValType::I32 => self.out.write_str("i32"),
            ValType::I64 => self.out.write_str("i64"),
            ValType::F32 => self.out.write_str("f32"),
            ValType::F64 => self.out.write_str("f64"),
            ValType::V128 => self.out.write_str("v128"),
            ValType::Ref(RefType::FUNCREF) => self.out.write_str("funcref"),
            ValType::Ref(RefType::EXTERNREF) => self.out.write_str("externref"),
            ValType::Ref(RefType { nullable, heap }) => {
                self.out
                    .write_str(if nullable { "(ref null " } else { "(ref " })?;
                match heap.id() {
                    Some(id) => self.defined(id)?,
                    None => self.out.write_str(abstract_name(heap))?,
                }
                self.out.write_str(")")
            }
        }
    }

    fn limits(&mut self, wide: bool, minimum: u64, maximum: Option<u64>) -> Result {
        if wide {
            self.out.write_str("i64 ")?;
        }
        write!(self.out, "{minimum}")?;
        maximum.map_or(Ok(()), |maximum| write!(self.out, " {maximum}"))
    }

    fn table(&mut self, ty: &TableType) -> Result {
        self.out.write_str("(table ")?;
        self.limits(ty.table64, ty.minimum, ty.maximum)?;
        self.out.write_str(" ")?;
        self.value(ValType::Ref(ty.element))?;
        self.out.write_str(")")
    }

    fn memory(&mut self, ty: &MemoryType) -> Result {
        self.out.write_str("(memory ")?;
        self.limits(ty.memory64, ty.minimum, ty.maximum)?;
        if ty.shared {
            self.out.write_str(" shared")?;
        }
        if ty.page_size_log2 != 16 {
            write!(
                self.out,
                " (pagesize {})",
                1_u64 << ty.page_size_log2.min(63)
            )?;
        }
        self.out.write_str(")")
    }

    fn global(&mut self, ty: &GlobalType) -> Result {
        self.out.write_str("(global ")?;
        if ty.mutable {
            self.out.write_str("(mut ")?;
        }
        self.value(ty.value)?;
        self.out.write_str(if ty.mutable { "))" } else { ")" })
    }
}

/// The name of a heap type that no module defines.
fn abstract_name(ty: HeapType) -> &'static str {
    match ty {
        HeapType::Func | HeapType::ConcreteFunc(_) => "func",
        HeapType::NoFunc => "nofunc",
        HeapType::Extern => "extern",
        HeapType::NoExtern => "noextern",
        HeapType::Any => "any",
        HeapType::Eq => "eq",
        HeapType::I31 => "i31",
        HeapType::Struct | HeapType::ConcreteStruct(_) => "struct",
        HeapType::Array | HeapType::ConcreteArray(_) => "array",
        HeapType::None => "none",
        HeapType::Exn => "exn",
        HeapType::NoExn => "noexn",
        HeapType::Cont | HeapType::ConcreteCont(_) => "cont",
        HeapType::NoCont => "nocont",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::type_registry::within_group;
    use crate::module::types::SubType;
    use alloc::sync::Arc;
    use alloc::vec;
    use alloc::vec::Vec;

    fn func(params: &[ValType], results: &[ValType]) -> FuncType {
        FuncType::new(params.into(), results.into())
    }

    #[test]
    fn what_is_imported_is_described_as_text() {
        let types = TypeRegistry::default();
        let memory = MemoryType {
            minimum: 1,
            maximum: Some(2),
            memory64: true,
            shared: false,
            page_size_log2: 0,
        };
        let table = TableType {
            element: RefType::FUNCREF,
            minimum: 3,
            maximum: None,
            table64: false,
        };
        let global = GlobalType {
            value: ValType::I64,
            mutable: true,
        };
        let extern_ref = ValType::Ref(RefType {
            nullable: false,
            heap: HeapType::Extern,
        });
        let id = types.intern(func(&[ValType::I32, ValType::F64], &[extern_ref]));
        for (ty, text) in [
            (ExternType::Memory(memory), "(memory i64 1 2 (pagesize 1))"),
            (ExternType::Table(table), "(table 3 funcref)"),
            (ExternType::Global(global), "(global (mut i64))"),
            (
                ExternType::Func(id),
                "(func (param i32 f64) (result (ref extern)))",
            ),
            (
                ExternType::Tag(types.intern(func(&[], &[]))),
                "(tag (func))",
            ),
        ] {
            assert_eq!(describe_extern(&types, &ty), text);
        }
    }

    #[test]
    fn types_within_types_are_written_out_to_an_end() {
        let types = TypeRegistry::default();
        let reference = |id| {
            ValType::Ref(RefType {
                nullable: true,
                heap: HeapType::ConcreteFunc(id),
            })
        };
        let mut members = Vec::new();
        let itself = func(&[reference(within_group(0))], &[]);
        let itself = SubType::plain(CompositeType::Func(Arc::new(itself)));
        types.intern_group(vec![itself.clone()], &mut members);
        assert_eq!(
            describe_type(&types, members[0].id),
            "(func (param (ref null (func (param (ref null …))))))"
        );
        // A type that mentions the one before it twice, and so on.
        let mut id = types.intern(func(&[], &[]));
        for _ in 0..40 {
            id = types.intern(func(&vec![reference(id); 1000], &[]));
        }
        assert!(describe_type(&types, id).len() < 400_000);

        let mut members = Vec::new();
        let field = FieldType {
            storage: StorageType::I8,
            mutable: true,
        };
        let base = SubType {
            is_final: false,
            ..SubType::plain(CompositeType::Array(field))
        };
        let below = SubType {
            supertype: Some(within_group(0)),
            ..SubType::plain(CompositeType::Array(field))
        };
        types.intern_group(vec![base, below], &mut members);
        assert_eq!(
            describe_type(&types, members[1].id),
            "(rec 1/2 (sub final (rec 0/2 (sub (array (mut i8)))) (array (mut i8))))"
        );
        let empty = types.intern(func(&[], &[]));
        let cont = types.intern_plain(CompositeType::Cont(empty));
        assert_eq!(describe_type(&types, cont), "(cont (func))");
    }
}
