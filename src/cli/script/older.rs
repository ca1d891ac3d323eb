//! Rules of WebAssembly that later proposals have removed.
//!
//! A script was written at some time, and a module that it calls invalid may be valid by now. If
//! such a module is accepted, and the script's reason is a rule of that time, the module is
//! validated under the old rule.

use super::message;
use backstitch::{Config, Engine, Module};

/// Changes a configuration so that an old rule applies.
type Rule = fn(&mut Config) -> &mut Config;

/// The start of a script's message, and the rule that it names.
const LIFTED: &[(&str, Rule)] = &[
    ("multiple memories", |config| {
        config.wasm_multi_memory(false)
    }),
    ("multiple tables", |config| {
        config.wasm_reference_types(false)
    }),
    // Fields that must be zero in older versions and are indices now.
    ("zero byte expected", reserved_bytes),
    ("zero flag expected", reserved_bytes),
    ("integer representation too long", reserved_bytes),
    // Older versions allow constant expressions to read imported globals only.
    ("unknown global", |config| config.wasm_gc(false)),
    // Older versions allow a type to refer only to types before it.
    ("unknown type", |config| config.wasm_gc(false)),
    ("non-empty tag result type", |config| {
        config.wasm_stack_switching(false)
    }),
    // Bits that have a meaning only in the shared-everything-threads proposal.
    ("malformed mutability", |config| config),
    ("invalid mutability", |config| config),
    ("integer too large", |config| config),
];

fn reserved_bytes(config: &mut Config) -> &mut Config {
    config.wasm_multi_memory(false).wasm_reference_types(false)
}

/// Returns whether a module is refused under the rule that a script names, if that rule has been
/// removed since.
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
