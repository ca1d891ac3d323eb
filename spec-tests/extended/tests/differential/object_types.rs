//! Types of random modules with objects.

use super::random::Random;
use std::fmt::Write;

/// Heap type of a reference.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Heap {
    /// Any internal value.
    Any,
    /// A value that `ref.eq` compares.
    Eq,
    /// A small integer.
    I31,
    /// Any structure.
    Struct,
    /// Any array.
    Array,
    /// An external value.
    Extern,
    /// Any function.
    Func,
    /// A function of the type `$closure`.
    Closure,
    /// A structure or array of one of the module's types.
    Object(usize),
}

/// Type of a value.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Ty {
    /// A number.
    I32,
    /// A number.
    I64,
    /// A number.
    F32,
    /// A number.
    F64,
    /// A vector.
    V128,
    /// A reference, and whether it may be null.
    Ref(Heap, bool),
}

use Heap::{Any, Closure, Object};
use Ty::{F32, F64, I32, I64, Ref, V128};

impl Heap {
    fn text(self) -> String {
        match self {
            Heap::Any => "any".into(),
            Heap::Eq => "eq".into(),
            Heap::I31 => "i31".into(),
            Heap::Struct => "struct".into(),
            Heap::Array => "array".into(),
            Heap::Extern => "extern".into(),
            Heap::Func => "func".into(),
            Heap::Closure => "$closure".into(),
            Object(ty) => format!("$t{ty}"),
        }
    }

    /// Returns the heap type of null in the same hierarchy.
    pub fn bottom(self) -> &'static str {
        match self {
            Heap::Extern => "noextern",
            Heap::Func | Heap::Closure => "nofunc",
            _ => "none",
        }
    }

    /// Returns whether the type is in the hierarchy of `any`.
    pub fn is_internal(self) -> bool {
        self.bottom() == "none"
    }
}

impl Ty {
    /// Returns the type as text.
    pub fn text(self) -> String {
        match self {
            I32 => "i32".into(),
            I64 => "i64".into(),
            F32 => "f32".into(),
            F64 => "f64".into(),
            V128 => "v128".into(),
            Ref(heap, true) => format!("(ref null {})", heap.text()),
            Ref(heap, false) => format!("(ref {})", heap.text()),
        }
    }

    /// Returns the type of a local that holds the value.
    pub fn nullable(self) -> Ty {
        match self {
            Ref(heap, _) => Ref(heap, true),
            other => other,
        }
    }

    /// Returns whether a local or field of the type has a default.
    pub fn is_defaultable(self) -> bool {
        !matches!(self, Ref(_, false))
    }
}

/// Types of numbers and vectors.
pub const NUMERIC: [Ty; 5] = [I32, I64, F32, F64, V128];

/// Type of a field or of elements.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Number of bits, if the field is narrower than its value.
    pub packed: Option<u32>,
    /// Type of the value.
    pub ty: Ty,
    /// True if the field can be assigned.
    pub is_mutable: bool,
}

impl Field {
    fn text(self) -> String {
        let storage = match self.packed {
            Some(bits) => format!("i{bits}"),
            None => self.ty.text(),
        };
        match self.is_mutable {
            true => format!("(mut {storage})"),
            false => storage,
        }
    }

    /// Returns whether both fields have the same storage.
    pub fn is_like(self, other: Field) -> bool {
        self.packed == other.packed && self.ty == other.ty
    }
}

/// Type of a structure or an array.
#[derive(Clone, Debug)]
pub struct ObjectType {
    /// Supertype.
    pub parent: Option<usize>,
    /// True if it can have no subtypes.
    pub is_final: bool,
    /// True if it is the type of arrays, whose elements are the only field.
    pub is_array: bool,
    /// Fields.
    pub fields: Vec<Field>,
    /// Number of the recursion group.
    group: usize,
}

impl ObjectType {
    /// Returns whether objects have defaults for all fields.
    pub fn is_defaultable(&self) -> bool {
        self.fields.iter().all(|field| field.ty.is_defaultable())
    }
}

/// The types of a module.
#[derive(Clone, Debug)]
pub struct Types(pub Vec<ObjectType>);

impl Types {
    /// Generates recursion groups of types. There is at least one structure and one array.
    pub fn generate(random: &mut Random) -> Types {
        let count = 3 + random.below(8);
        let mut types = Types(Vec::new());
        let mut group = 0;
        let groups: Vec<usize> = (0..count)
            .map(|_| {
                group += usize::from(random.one_in(4));
                group
            })
            .collect();
        for index in 0..count {
            let is_array = match index {
                0 => false,
                1 => true,
                _ => random.one_in(3),
            };
            let open: Vec<usize> = (0..index)
                .filter(|&other| types.0[other].is_array == is_array && !types.0[other].is_final)
                .collect();
            let parent = (!open.is_empty() && random.below(5) < 3).then(|| *random.pick(&open));
            let mut fields = parent.map_or(Vec::new(), |parent| types.0[parent].fields.clone());
            for field in &mut fields {
                // A field that cannot be assigned may have a subtype of the parent's.
                if !field.is_mutable
                    && random.one_in(2)
                    && let Ref(heap, is_nullable) = field.ty
                {
                    field.ty = Ref(types.refine(random, heap, index), is_nullable);
                }
            }
            let target = if is_array {
                1
            } else {
                fields.len() + random.below(4)
            };
            while fields.len() < target {
                let last = groups.iter().rposition(|&other| other == groups[index]);
                fields.push(types.field(random, index, last.unwrap_or(index) + 1));
            }
            types.0.push(ObjectType {
                parent,
                is_final: random.one_in(4),
                is_array,
                fields,
                group: groups[index],
            });
        }
        types
    }

    /// Returns a subtype of `heap` of one of the types before `index`, or `heap`.
    fn refine(&self, random: &mut Random, heap: Heap, index: usize) -> Heap {
        let all: Vec<Heap> = (0..index)
            .map(Object)
            .filter(|&other| self.is_subtype(other, heap))
            .collect();
        if all.is_empty() {
            heap
        } else {
            *random.pick(&all)
        }
    }

    /// Generates a field of type `index`, with references to the types below `end`.
    fn field(&self, random: &mut Random, index: usize, end: usize) -> Field {
        let is_mutable = !random.one_in(4);
        let (packed, ty) = match random.below(16) {
            0 => (Some(8), I32),
            1 => (Some(16), I32),
            2..5 => (None, *random.pick(&NUMERIC)),
            // The types before this one can be created without it.
            5 if index > 0 => (None, Ref(Object(random.below(index)), false)),
            6..11 => (None, Ref(Object(random.below(end)), true)),
            _ => (None, any_reference(random)),
        };
        Field {
            packed,
            ty,
            is_mutable,
        }
    }

    /// Returns whether one heap type is a subtype of another.
    pub fn is_subtype(&self, sub: Heap, of: Heap) -> bool {
        if sub == of {
            return true;
        }
        match (sub, of) {
            (Object(mut ty), Object(wanted)) => {
                while let Some(parent) = self.0[ty].parent {
                    if parent == wanted {
                        return true;
                    }
                    ty = parent;
                }
                false
            }
            (Object(ty), Heap::Struct) => !self.0[ty].is_array,
            (Object(ty), Heap::Array) => self.0[ty].is_array,
            (Object(_) | Heap::I31 | Heap::Struct | Heap::Array, Heap::Eq | Any) => true,
            (Heap::Eq, Any) | (Closure, Heap::Func) => true,
            _ => false,
        }
    }

    /// Returns whether a value of one type can be used as one of another.
    pub fn fits(&self, sub: Ty, of: Ty) -> bool {
        match (sub, of) {
            (Ref(sub, sub_null), Ref(of, of_null)) => {
                (of_null || !sub_null) && self.is_subtype(sub, of)
            }
            _ => sub == of,
        }
    }

    /// Returns a type of any value that locals, parameters and globals may have.
    pub fn any(&self, random: &mut Random) -> Ty {
        match random.below(10) {
            0..3 => *random.pick(&NUMERIC),
            3..8 => Ref(Object(random.below(self.0.len())), true),
            _ => any_reference(random),
        }
    }

    /// Returns the definitions as text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut open = None;
        for (index, ty) in self.0.iter().enumerate() {
            if open != Some(ty.group) {
                text.push_str(if open.is_some() {
                    ")\n(rec\n"
                } else {
                    "(rec\n"
                });
                open = Some(ty.group);
            }
            let finality = if ty.is_final { "final" } else { "" };
            let parent = ty
                .parent
                .map_or(String::new(), |parent| format!("$t{parent}"));
            let fields: Vec<String> = ty.fields.iter().map(|field| field.text()).collect();
            let body = match ty.is_array {
                true => format!("(array {})", fields[0]),
                false => format!("(struct (field {}))", fields.join(" ")),
            };
            let _ = writeln!(text, "(type $t{index} (sub {finality} {parent} {body}))");
        }
        text + ")\n"
    }
}

/// Returns a nullable reference type that is not one of the module's.
fn any_reference(random: &mut Random) -> Ty {
    let all = [
        Any,
        Any,
        Heap::Eq,
        Heap::I31,
        Heap::Struct,
        Heap::Array,
        Heap::Extern,
        Heap::Func,
        Closure,
    ];
    Ref(*random.pick(&all), true)
}
