//! Code of random modules that writes to structures and arrays.

use super::object_code::{Body, Context, DATA, ITEMS};
use super::object_types::{Field, Heap, Ty};
use Heap::{Any, Object};
use Ty::{I32, Ref};

impl Context {
    /// Generates an assignment to a field or an element.
    pub fn write(&mut self, body: &mut Body, depth: usize) -> String {
        let mut found = Vec::new();
        for (index, object) in self.types.0.iter().enumerate() {
            for (number, field) in object.fields.iter().enumerate() {
                if field.is_mutable {
                    found.push((index, number, *field));
                }
            }
        }
        if found.is_empty() {
            return String::new();
        }
        let (index, number, field) = *self.random.pick(&found);
        let object = self.value(body, Ref(Object(index), true), depth + 1);
        let is_array = self.types.0[index].is_array;
        let element = match is_array {
            true => self.value(body, I32, depth + 1),
            false => String::new(),
        };
        let value = self.value(body, field.ty, depth + 1);
        if self.random.one_in(30) {
            return match is_array {
                false => format!("(struct.set $t{index} {number} {object} {value})"),
                true => format!("(array.set $t{index} {object} {element} {value})"),
            };
        }
        let held = body.scratch(Ref(Object(index), true), 0);
        let new = body.scratch(field.ty, 1);
        let non_null = match field.ty {
            Ref(_, false) => format!("(ref.as_non_null (local.get {new}))"),
            _ => format!("(local.get {new})"),
        };
        if !is_array {
            return format!(
                "{object} {value} (local.set {new}) (local.set {held}) (if (ref.is_null \
                 (local.get {held})) (then) (else (struct.set $t{index} {number} \
                 (local.get {held}) {non_null})))"
            );
        }
        let at = body.scratch(I32, 2);
        format!(
            "{object} {element} {value} (local.set {new}) (local.set {at}) (local.set {held}) \
             (if (if (result i32) (ref.is_null (local.get {held})) (then (i32.const 0)) \
             (else (array.len (local.get {held})))) (then (array.set $t{index} (local.get {held}) \
             (i32.rem_u (local.get {at}) (array.len (local.get {held}))) {non_null})))"
        )
    }

    /// Generates an instruction that writes several elements of an array.
    pub fn bulk(&mut self, body: &mut Body, depth: usize) -> String {
        let arrays: Vec<(usize, Field)> = (self.types.0.iter().enumerate())
            .filter(|(_, ty)| ty.is_array && ty.fields[0].is_mutable)
            .map(|(index, ty)| (index, ty.fields[0]))
            .collect();
        if arrays.is_empty() {
            return String::new();
        }
        let (index, field) = *self.random.pick(&arrays);
        let target = self.value(body, Ref(Object(index), true), depth + 1);
        let [first, second] = [0; 2].map(|_| self.value(body, I32, depth + 1));
        let array = body.scratch(Ref(Object(index), true), 0);
        let (at, count) = (body.scratch(I32, 3), body.scratch(I32, 4));
        // The range ends at the array's end at most.
        let bounds = format!(
            "(local.set {at} (i32.rem_u (local.get {at}) (i32.add (array.len (local.get {array})) \
             (i32.const 1)))) (local.set {count} (i32.rem_u (local.get {count}) (i32.add (i32.sub \
             (array.len (local.get {array})) (local.get {at})) (i32.const 1))))"
        );
        let begin = format!("(array.SOME (local.get {array}) (local.get {at})");
        let (more, pop, bounds_of_source, operation) = match self.random.below(3) {
            0 => {
                let value = self.value(body, field.ty, depth + 1);
                let new = body.scratch(field.ty, 5);
                let non_null = match field.ty {
                    Ref(_, false) => format!("(ref.as_non_null (local.get {new}))"),
                    _ => format!("(local.get {new})"),
                };
                let begin = begin.replace("SOME", &format!("fill $t{index}"));
                let pop = format!("(local.set {new})");
                (
                    value,
                    pop,
                    String::new(),
                    format!("{begin} {non_null} (local.get {count}))"),
                )
            }
            1 => {
                let sources: Vec<usize> = (0..self.types.0.len())
                    .filter(|&other| {
                        let ty = &self.types.0[other];
                        let source = ty.fields.first();
                        ty.is_array
                            && source.is_some_and(|source| {
                                source.is_like(field)
                                    || source.packed.is_none()
                                        && field.packed.is_none()
                                        && self.types.fits(source.ty, field.ty)
                            })
                    })
                    .collect();
                let source = *self.random.pick(&sources);
                let value = self.value(body, Ref(Object(source), true), depth + 1);
                let from = body.scratch(Ref(Object(source), true), 6);
                let begin = begin.replace("SOME", &format!("copy $t{index} $t{source}"));
                let pop = format!("(local.set {from})");
                // The range is within the source, too.
                let bounds = format!(
                    "(if (ref.is_null (local.get {from})) (then (local.set {from} \
                     {}))) (local.set {count} (select (local.get {count}) (array.len \
                     (local.get {from})) (i32.lt_u (local.get {count}) (array.len \
                     (local.get {from})))))",
                    self.constant(Ref(Object(source), false))
                );
                let operation = format!(
                    "{begin} (local.get {from}) (i32.rem_u (local.get {at}) (i32.add (i32.sub \
                     (array.len (local.get {from})) (local.get {count})) (i32.const 1))) \
                     (local.get {count}))"
                );
                (value, pop, bounds, operation)
            }
            _ => {
                let (segment, end) = match field.ty {
                    Ref(Any, true) => ("init_elem", ITEMS),
                    Ref(..) => return format!("(drop {target}) (drop {first}) (drop {second})"),
                    _ => ("init_data", DATA / 16),
                };
                let name = if segment == "init_elem" {
                    "$items"
                } else {
                    "$data"
                };
                let (offset, most) = self.range(end);
                let begin = begin.replace("SOME", &format!("{segment} $t{index} {name}"));
                let operation = format!(
                    "{begin} (i32.const {offset}) (select (local.get {count}) (i32.const {most}) \
                     (i32.lt_u (local.get {count}) (i32.const {most}))))"
                );
                (String::new(), String::new(), String::new(), operation)
            }
        };
        format!(
            "{target} {first} {second} {more} {pop} (local.set {count}) (local.set {at}) \
             (local.set {array}) (if (ref.is_null (local.get {array})) (then) (else {bounds} \
             {bounds_of_source} {operation}))"
        )
    }
}
