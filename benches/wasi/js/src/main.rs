//! `js [LIBRARY]... < SCRIPT` evaluates libraries and a script in Boa, an interpreter of JavaScript, and
//! prints the script's value.
//!
//! `wizer.initialize` evaluates a library from standard input ahead of time, for `backstitch preinit`.

use boa_engine::{Context, Source};
use std::cell::RefCell;
use std::error::Error;
use std::fs;
use std::io::{self, Read};

thread_local! {
    /// The interpreter in which a library was evaluated ahead of time.
    static READY: RefCell<Option<Context>> = const { RefCell::new(None) };
}

/// Reads standard input to its end.
fn input() -> io::Result<String> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    Ok(text)
}

/// Evaluates a script, and returns its value as text.
fn evaluate(context: &mut Context, script: &str) -> Result<String, Box<dyn Error>> {
    let value = context.eval(Source::from_bytes(script));
    let text = value.and_then(|value| value.to_string(context));
    Ok(text
        .map_err(|error| error.to_string())?
        .to_std_string_lossy())
}

/// Creates an interpreter and evaluates a library in it.
#[unsafe(export_name = "wizer.initialize")]
pub extern "C" fn initialize() {
    let mut context = Context::default();
    let library = input().expect("a library in UTF-8");
    evaluate(&mut context, &library).expect("the library can be evaluated");
    READY.set(Some(context));
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut context = READY.take().unwrap_or_default();
    for library in std::env::args().skip(1) {
        evaluate(&mut context, &fs::read_to_string(library)?)?;
    }
    println!("{}", evaluate(&mut context, &input()?)?);
    Ok(())
}
