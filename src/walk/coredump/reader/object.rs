//! Access to the contents of objects.

use super::{Contents, CoreDump, Object, ObjectKind, ObjectType, Run, Storage, Type, Value};

impl CoreDump<'_> {
    /// Returns the type of a structure or an array.
    pub fn object_type(&self, object: &Object) -> Option<&ObjectType> {
        match object.kind {
            ObjectKind::Struct(ty) | ObjectKind::Array(ty) => self.object_types.get(ty as usize),
            ObjectKind::Exception(_) => None,
        }
    }

    /// Returns the contents of an object that has references, and nothing of an array of numbers.
    pub(in crate::walk::coredump) fn references<'o>(
        &'o self,
        object: &'o Object,
    ) -> impl Iterator<Item = Run> + 'o {
        let has_some = !matches!(object.contents, Contents::Bytes(_));
        has_some
            .then(|| self.contents(object))
            .into_iter()
            .flatten()
    }

    /// Returns the fields of a structure, the elements of an array or the payload of an exception, as
    /// runs of equal values. Each field is a run of one. Packed integers are zero-extended.
    pub fn contents<'o>(&'o self, object: &'o Object) -> impl Iterator<Item = Run> + 'o {
        let (values, runs, bytes): (&[Value], &[Run], &[u8]) = match &object.contents {
            Contents::Values(values) => (values, &[], &[]),
            Contents::Runs(runs) => (&[], runs, &[]),
            Contents::Bytes(bytes) => (&[], &[], bytes),
        };
        let element = self.object_type(object).and_then(|ty| ty.fields.first());
        // Without a type, the size of an element is not known.
        let (size, ty) = match element.map(|field| field.storage) {
            Some(Storage::I8) => (1, Type::I32),
            Some(Storage::I16) => (2, Type::I32),
            Some(Storage::Value(ty @ (Type::I32 | Type::F32))) => (4, ty),
            Some(Storage::Value(ty @ (Type::I64 | Type::F64))) => (8, ty),
            Some(Storage::Value(ty @ Type::V128)) => (16, ty),
            Some(Storage::Value(Type::Ref { .. })) | None => (usize::MAX, Type::I32),
        };
        let numbers = bytes.chunks_exact(size).map(move |bytes| number(ty, bytes));
        let values = values.iter().copied().chain(numbers);
        let ones = values.map(|value| Run { count: 1, value });
        runs.iter().copied().chain(ones)
    }
}

/// Returns the number with these bytes.
fn number(ty: Type, bytes: &[u8]) -> Value {
    let mut padded = [0; 16];
    padded[..bytes.len()].copy_from_slice(bytes);
    let bits = u128::from_le_bytes(padded);
    match ty {
        Type::I32 => Value::I32(bits as u32),
        Type::I64 => Value::I64(bits as u64),
        Type::F32 => Value::F32(bits as u32),
        Type::F64 => Value::F64(bits as u64),
        Type::V128 => Value::V128(bits),
        Type::Ref { .. } => Value::Missing,
    }
}
