//! Rust source: a recursive-descent parser into boxed trees with large enums, a
//! rewriting visitor, and a pretty-printer. Deep recursion, many `br_table`s.

use std::fmt::Write;

use proc_macro2::{Ident, Span};
use support::{Checksum, Random, text};
use syn::{
    ExprBinary, ItemFn,
    visit::{self, Visit},
    visit_mut::{self, VisitMut},
};

fn expression(random: &mut Random, depth: u32, out: &mut String) {
    if depth == 0 {
        let _ = match random.below(3) {
            0 => write!(out, "{}", random.below(1000)),
            1 => write!(out, "v_{}", text::word(random)),
            _ => write!(out, "\"{}\".len()", text::word(random)),
        };
        return;
    }
    match random.below(8) {
        0 => {
            out.push_str("if ");
            expression(random, depth - 1, out);
            out.push_str(" > 3 { ");
            expression(random, depth - 1, out);
            out.push_str(" } else { ");
            expression(random, depth - 1, out);
            out.push_str(" }");
        }
        1 => {
            let _ = write!(out, "{}_of(", text::word(random));
            expression(random, depth - 1, out);
            out.push_str(", &|x: u32| x + ");
            expression(random, depth - 1, out);
            out.push(')');
        }
        2 => {
            out.push_str("match ");
            expression(random, depth - 1, out);
            out.push_str(" { 0 | 1 => ");
            expression(random, depth - 1, out);
            out.push_str(", n @ 2..=9 if n % 2 == 0 => n, _ => ");
            expression(random, depth - 1, out);
            out.push_str(" }");
        }
        3 => {
            out.push_str("vec![1, 2, 3].into_iter().map(|y| y * 2).fold(");
            expression(random, depth - 1, out);
            out.push_str(", |a, b| a ^ b)");
        }
        _ => {
            out.push('(');
            expression(random, depth - 1, out);
            out.push_str(random.pick::<&str>(&[" + ", " * ", " - ", " | ", " << "]));
            expression(random, depth - 1, out);
            out.push(')');
        }
    }
}

fn source(random: &mut Random, items: i32) -> String {
    let mut out = String::from("#![allow(dead_code)]\nuse std::{collections::BTreeMap, fmt};\n");
    for number in 0..items {
        let name = text::word(random);
        match random.below(4) {
            0 => {
                let _ = write!(
                    out,
                    "/// A {name}.\n#[derive(Clone, Debug)]\npub struct {0}{number}<'a, T: fmt::Debug + 'a> where T: Copy {{ pub first: &'a [T], second: BTreeMap<String, Vec<Option<u{1}>>> }}\n",
                    name.to_uppercase(),
                    8 << random.below(4),
                );
            }
            1 => {
                let _ = writeln!(
                    out,
                    "pub enum {}{number} {{ One, Two(u8, [i64; 4]), Three {{ x: f64, y: Box<dyn Fn(u32) -> u32>, }}, }}",
                    name.to_uppercase(),
                );
            }
            _ => {
                let _ = write!(
                    out,
                    "pub(crate) fn {name}_{number}<const N: usize>(v_{name}: u32, mut other: [u8; N]) -> u32 {{ let mut total = 0; for i in 0..N {{ "
                );
                for _ in 0..1 + random.index(3) {
                    out.push_str("total += ");
                    expression(random, 3, &mut out);
                    out.push_str("; ");
                }
                out.push_str("other[i] = total as u8; } total }\n");
            }
        }
    }
    out
}

struct Rename;

impl VisitMut for Rename {
    fn visit_ident_mut(&mut self, ident: &mut Ident) {
        let name = ident.to_string();
        if let Some(rest) = name.strip_prefix("v_") {
            *ident = Ident::new(&format!("value_{rest}"), Span::call_site());
        }
    }

    fn visit_expr_binary_mut(&mut self, expression: &mut ExprBinary) {
        visit_mut::visit_expr_binary_mut(self, expression);
        std::mem::swap(&mut expression.left, &mut expression.right);
    }
}

#[derive(Default)]
struct Count {
    functions: u64,
    operations: u64,
}

impl<'ast> Visit<'ast> for Count {
    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.functions += 1;
        visit::visit_item_fn(self, item);
    }

    fn visit_expr_binary(&mut self, expression: &'ast ExprBinary) {
        self.operations += 1;
        visit::visit_expr_binary(self, expression);
    }
}

/// Parses, counts, rewrites and prints a file of `n` items.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x5e);
    let mut checksum = Checksum::new();
    let source = source(&mut random, n.max(1));
    checksum.bytes(source.as_bytes());

    let mut file = syn::parse_file(&source).expect("source that is well formed");
    let mut count = Count::default();
    count.visit_file(&file);
    checksum.word(count.functions);
    checksum.word(count.operations);
    checksum.bytes(prettyplease::unparse(&file).as_bytes());

    Rename.visit_file_mut(&mut file);
    let printed = prettyplease::unparse(&file);
    checksum.bytes(printed.as_bytes());
    let again = syn::parse_file(&printed).expect("what was just printed");
    checksum.word(again.items.len() as u64);

    let broken = source.replacen("pub ", "pub pub ", 1);
    checksum.word(u64::from(syn::parse_file(&broken).is_err()));
    checksum.finish()
}
