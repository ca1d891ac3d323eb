//! Rules of WebAssembly that later proposals have lifted.
//!
//! A script is of one time: what it says is invalid may be valid by now. So where a module
//! is accepted, and the script's reason is a rule of then, the rule is what is tested.

use super::message;
use backstitch::{Config, Engine, Module};

/// How a configuration is made that has a rule still.
type Rule = fn(&mut Config) -> &mut Config;

/// What a script's reason begins with, and the rule.
const LIFTED: &[(&str, Rule)] = &[
    ("multiple memories", |config| {
        config.wasm_multi_memory(false)
    }),
    ("multiple tables", |config| {
        config.wasm_reference_types(false)
    }),
    // In the place of what is now an index.
    ("zero byte expected", reserved_bytes),
    ("zero flag expected", reserved_bytes),
    ("integer representation too long", reserved_bytes),
    // Constant expressions could read what is imported alone.
    ("unknown global", |config| config.wasm_gc(false)),
    // A type could only name those before it.
    ("unknown type", |config| config.wasm_gc(false)),
    ("non-empty tag result type", |config| {
        config.wasm_stack_switching(false)
    }),
    // Bits that mean something in the proposal for sharing everything between threads.
    ("malformed mutability", |config| config),
    ("invalid mutability", |config| config),
    ("integer too large", |config| config),
];

fn reserved_bytes(config: &mut Config) -> &mut Config {
    config.wasm_multi_memory(false).wasm_reference_types(false)
}

/// Whether a module is refused by the rule that a script's reason names, if that is one that
/// has been lifted since.
pub(super) fn refuses(expected: &str, bytes: &[u8]) -> bool {
    let is_named = |(reason, _): &&(&str, Rule)| expected.starts_with(reason);
    let Some((_, rule)) = LIFTED.iter().find(is_named) else {
        return false;
    };
    let mut config = Config::new();
    let Ok(engine) = Engine::new(rule(&mut config)) else {
        return false;
    };
    match Module::validate(&engine, bytes) {
        Ok(()) => false,
        Err(error) => !message::is_unsupported(&error) || message::wants_everything_shared(&error),
    }
}
