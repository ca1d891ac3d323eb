//! Any bytes as an archive: they are refused, or they are what the translator writes for the module in
//! them. Code that is not trusted is decoded and listed as well, but does not run.

#![no_main]

use backstitch::{Config, Engine, Module, ModuleBytes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(config) = Config::for_archive(bytes) else {
        return;
    };
    let engine = Engine::new(&config).expect("the configuration is valid");
    if let Ok(module) = Module::deserialize_checked(&engine, bytes) {
        assert_eq!(module.serialize().expect("it was written before"), bytes);
    }
    let shared = ModuleBytes::from(bytes.to_vec());
    // Only the code is damaged.
    let contents = Module::binary_of_archive(&shared);
    if contents
        .and_then(|module| Module::validate(&engine, &module))
        .is_err()
    {
        return;
    }
    // SAFETY: the code does not run.
    let Ok(module) = (unsafe { Module::deserialize_shared(&engine, &shared) }) else {
        return;
    };
    for function in 0..64 {
        if let Ok(code) = module.disassemble(function) {
            let _ = code.to_string();
        }
    }
});
