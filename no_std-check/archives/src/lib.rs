//! Translates the program's modules ahead of time, on the machine that builds the firmware.

use backstitch::{Config, Engine, Module, Result};

/// Returns a module as an archive, for the program's engine.
///
/// # Errors
///
/// Fails if the module is not valid.
pub fn archive(wasm: &[u8]) -> Result<Vec<u8>> {
    let mut config = Config::new();
    config.consume_fuel(true);
    Module::new(&Engine::new(&config)?, wasm)?.serialize()
}
